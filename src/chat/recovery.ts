// What becomes of replies whose process died: they end as interrupted, with the text that was saved last. A request that
// costs money is never repeated by itself.
import { asc, eq, inArray, notInArray, sql, type SQL } from 'drizzle-orm';
import { checkpoints, generations, messages } from '../db/tables.ts';
import { countTokens } from '../model/tokens.ts';
import type { LedgerEntry } from '../usage/ledger.ts';
import type { Chat } from './chat.ts';
import { LostLease, settle, type ReplyEnd } from './settlement.ts';

// At a time; the next sweep takes the rest.
const BATCH = 100;

const LEASE_RAN_OUT = sql`${generations.leaseUntil} < now()`;

/** What a process knows of its own generations. */
interface Own {
  /** Being written here, even where this process came too late to renew the lease. */
  own: string[];
  /** Perhaps stored, but no request was made for them. */
  neverAsked: ReadonlySet<string>;
}

/** Ends what no living process writes: every server does so, again and again. */
export async function settleAbandoned(chat: Chat, { own, neverAsked }: Own): Promise<void> {
  const others =
    own.length > 0 ? sql`${LEASE_RAN_OUT} and ${notInArray(generations.id, own)}` : LEASE_RAN_OUT;
  await settleSome(chat, others, neverAsked);
}

/** Ends all that is marked as running, without waiting for leases: for a process that has the database to itself. */
export async function settleAll(chat: Chat): Promise<void> {
  while ((await settleSome(chat, sql`true`)) === BATCH);
}

type Abandoned = typeof generations.$inferSelect;

/** @returns how many there were */
async function settleSome(
  chat: Chat,
  holds: SQL,
  neverAsked: ReadonlySet<string> = new Set(),
): Promise<number> {
  const abandoned = await chat.db
    .select()
    .from(generations)
    .where(sql`${generations.running} and ${holds}`)
    .limit(BATCH);
  for (const generation of abandoned) {
    await settleOne(
      chat,
      { ...generation, asking: generation.asking && !neverAsked.has(generation.id) },
      holds,
    );
  }
  return abandoned.length;
}

async function settleOne(chat: Chat, generation: Abandoned, holds: SQL): Promise<void> {
  const ends = await endsOf(chat, generation.id);
  const entry = generation.asking ? await entryOf(chat, generation, ends) : undefined;
  const open = ends.filter(({ ended }) => !ended).map(({ end }) => end);
  const early = ends.filter(({ ended }) => ended).map(({ end }) => end.id);
  try {
    const claim = { generationId: generation.id, conversationId: generation.conversationId, holds };
    await settle(chat, claim, { ends: open, entry, early });
    chat.changes.announce(generation.conversationId);
    chat.log.warn({ generation: generation.id }, 'a reply whose process is gone was ended');
  } catch (error) {
    if (!(error instanceof LostLease)) throw error; // Another server was faster.
  }
}

/** The texts as they were saved last, and which of the replies had ended before the process died. */
async function endsOf(chat: Chat, generationId: string): Promise<{ ended: boolean; end: ReplyEnd }[]> {
  const replies = await chat.db
    .select()
    .from(messages)
    .where(eq(messages.generationId, generationId))
    .orderBy(asc(messages.position));
  const texts = await savedTexts(
    chat,
    replies.map(({ id }) => id),
  );
  return Promise.all(
    replies.map(async ({ id, status, content, tokens, refusal, timeToFirstTokenMs }) => {
      const text = texts.get(id) ?? content;
      const end: ReplyEnd = {
        id,
        status: 'FAILED',
        content: text,
        tokens: tokens || (await countTokens(text)),
        refusal,
        finishReason: null,
        error: { code: 'INTERRUPTED' },
        timeToFirstTokenMs,
      };
      return { ended: status !== 'PENDING', end };
    }),
  );
}

/** The texts of replies under way as far as they were saved. */
export async function savedTexts(chat: Pick<Chat, 'db'>, ids: string[]): Promise<Map<string, string>> {
  const rows = await chat.db
    .select({
      id: checkpoints.messageId,
      text: sql<string>`string_agg(${checkpoints.text}, '' order by ${checkpoints.start})`,
    })
    .from(checkpoints)
    .where(inArray(checkpoints.messageId, ids))
    .groupBy(checkpoints.messageId);
  return new Map(rows.map(({ id, text }) => [id, text]));
}

/** What the API was to be paid for is not known any more: the prompt, and the text that was saved. */
async function entryOf(chat: Chat, generation: Abandoned, ends: { end: ReplyEnd }[]): Promise<LedgerEntry> {
  const { id: generationId, attempt, owner, conversationId, model, askedAt, promptTokens } = generation;
  const completionTokens = ends.reduce((sum, { end }) => sum + end.tokens, 0);
  return {
    generationId,
    attempt,
    owner,
    conversationId,
    model,
    outcome: 'INTERRUPTED',
    errorCode: 'INTERRUPTED',
    requestId: null,
    startedAt: askedAt,
    usage: { promptTokens, cachedTokens: 0, completionTokens, reasoningTokens: 0 },
    reported: false,
    price: chat.prices.of(model, promptTokens).price,
  };
}
