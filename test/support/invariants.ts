// What must hold of the database whenever all is quiet.
import type postgres from 'postgres';
import { expect } from 'vitest';
import type { Said } from './chaos-model.ts';

type Rows = Record<string, string>[];

/** Positions are dense and unique; nothing is left of what is under way. */
export async function lookAtRows(sql: postgres.Sql, why: string): Promise<void> {
  const gaps = await sql`
    select conversation_id from messages group by conversation_id
    having count(*) <> max(position) + 1 or count(distinct position) <> count(*)`;
  expect(gaps, why).toEqual([]);
  const next = await sql`
    select id from conversations c
    where next_position <> (select coalesce(max(position) + 1, 0) from messages where conversation_id = c.id)`;
  expect(next, why).toEqual([]);
  expect(await sql`select count(*)::int as left from checkpoints`, why).toEqual([{ left: 0 }]);
}

/** COMPLETE is all that the model said, every other text a beginning of it. */
export async function lookAtTexts(sql: postgres.Sql, said: Map<string, Said>, why: string): Promise<void> {
  const rows = (await sql`
    select m.status, m.content, q.content as question
    from messages m join messages q on q.id = m.parent_id where m.role = 'ASSISTANT'`) as unknown as Rows;
  for (const { status, content, question } of rows) {
    const text = said.get(question!)?.text ?? '';
    // Compared by what comes first, so that a failure shows where they part.
    expect(content, `${why}: a text that was not said`).toBe(text.slice(0, content!.length));
    if (status === 'COMPLETE') expect(content, why).toBe(text);
  }
}

/** All sums are the ledger's; what was reported is copied exactly; no request is missing. */
export async function lookAtBooks(
  sql: postgres.Sql,
  said: Map<string, Said>,
  kills: number,
  why: string,
): Promise<void> {
  const amounts = sql`coalesce(sum(prompt_tokens), 0)::int as prompt, coalesce(sum(completion_tokens), 0)::int as completion,
    coalesce(sum(estimated_tokens), 0)::int as estimated, sum(cost) as cost`;
  const [ledger] = await sql`select count(*)::int as requests, ${amounts} from ledger`;
  for (const span of [0, 1, 4, 16, 64]) {
    const requests = sql`coalesce(sum(requests), 0)::int as requests`;
    expect(
      (await sql`select ${requests}, ${amounts} from usage_by_conversation where span = ${span}`)[0],
      why,
    ).toEqual(ledger);
    expect(
      (await sql`select ${requests}, ${amounts} from usage_by_owner where span = ${span}`)[0],
      why,
    ).toEqual(ledger);
  }
  // A process that was killed before it could say whether it had asked has a row too, an estimated one.
  const asked = [...said.values()].reduce((sum, { requests }) => sum + requests, 0);
  expect(ledger!['requests'], why).toBeGreaterThanOrEqual(asked);
  expect(ledger!['requests'] - asked, why).toBeLessThanOrEqual(kills * 10);
  const reported = new Map([...said.values()].flatMap(({ usage }) => [...usage]));
  const exact = await sql`
    select request_id, prompt_tokens::int as prompt, completion_tokens::int as completion
    from ledger where estimated_tokens = 0 and outcome <> 'FAILED'`;
  for (const { request_id: id, ...usage } of exact) expect(usage, why).toEqual(reported.get(id));
}
