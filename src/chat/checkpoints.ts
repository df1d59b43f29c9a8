import { sql } from 'drizzle-orm';
import { checkpoints, generations } from '../db/tables.ts';
import type { Chat } from './chat.ts';
import type { Generation } from './generation.ts';

/**
 * Saves what the replies under way have grown by since the last time, all of them by one statement. Each piece is
 * written once, so that a long reply costs no more than a short one. A generation whose lease this process has lost is
 * left alone.
 * @throws Unavailable; the pieces are then part of the next attempt.
 */
export async function saveProgress(
  chat: Chat,
  running: Iterable<Generation>,
  saved: Map<string, number>,
): Promise<void> {
  const pieces = [...running].flatMap((generation) =>
    generation.replies.flatMap(({ id, live, state }) => {
      const start = saved.get(id) ?? 0;
      return state === 'closed' || live.text.length === start
        ? []
        : [{ generation: generation.task.id, message: id, start, text: live.text.slice(start) }];
    }),
  );
  if (pieces.length === 0) return;
  // A reply that is being ended at this moment is passed over: its end holds the whole text, and removes the pieces.
  const column = (name: keyof (typeof pieces)[number]) => sql.param(pieces.map((piece) => piece[name]));
  await chat.db.execute(sql`
    insert into ${checkpoints} (message_id, start, text)
    select message, start, piece
    from unnest(${column('generation')}::uuid[], ${column('message')}::uuid[], ${column('start')}::int[], ${column('text')}::text[])
      as progress (generation, message, start, piece)
    join ${generations} on ${generations.id} = generation
    where ${generations.running} and ${generations.leaseOwner} = ${chat.processId}
      and exists (select from messages where messages.id = message and messages.status = 'PENDING' for share skip locked)
    on conflict do nothing`);
  for (const { message, start, text } of pieces) saved.set(message, start + text.length);
}
