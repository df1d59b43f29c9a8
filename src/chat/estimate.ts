import { and, desc, eq } from 'drizzle-orm';
import { conversations, messages } from '../db/tables.ts';
import type { Settings } from '../db/values.ts';
import { NotFound } from '../failure.ts';
import { idOf } from '../ids.ts';
import { costOf, formatDecimal } from '../model/money.ts';
import { countTokens } from '../model/tokens.ts';
import type { Viewer } from '../viewer.ts';
import { FIRST_TURNS, turnsUpTo } from './branch.ts';
import type { Chat, Conversation } from './chat.ts';
import type { Context, PromptInput } from './prompt.ts';
import { prepareRequest } from './request.ts';

export interface EstimateInput {
  conversationId?: string | null;
  parentId?: string | null;
  content: string;
  model?: string | null;
  settings?: Settings | null;
  n: number;
}

/** What a message would send, and cost at most. */
export interface Estimate {
  context: Context;
  /** Of all n replies together; null where nothing bounds them. */
  maxCompletionTokens: number | null;
  /** In US dollars; null where the price is not known or nothing bounds the replies. */
  maxCost: string | null;
}

/** Sends and stores nothing. @throws InvalidInput, NotFound, ContextLengthExceeded */
export async function estimateReply(chat: Chat, viewer: Viewer, input: EstimateInput): Promise<Estimate> {
  chat.check(input);
  const { content, model, settings, n } = input;
  const message = { content, tokens: await countTokens(content) };
  const { conversation, history } = await placeOf(chat, viewer, input);
  const { request, context } = await prepareRequest(
    chat,
    { message, model, settings, n },
    conversation,
    history,
  );
  const { price } = chat.prices.of(request.model, context.promptTokens);
  const one = mostOf(request.settings.maxTokens ?? null, context);
  const maxCompletionTokens = one === null ? null : one * n;
  return {
    context,
    maxCompletionTokens,
    maxCost:
      price && maxCompletionTokens !== null
        ? formatDecimal(
            costOf(context.promptTokens, price.prompt) + costOf(maxCompletionTokens, price.completion),
          )
        : null,
  };
}

/** The most tokens that one reply may take. */
export function mostOf(maxTokens: number | null, { contextWindow, promptTokens }: Context): number | null {
  if (contextWindow === null) return maxTokens;
  return Math.min(maxTokens ?? Infinity, Math.max(0, contextWindow - promptTokens));
}

interface Place {
  conversation: Pick<Conversation, 'model' | 'settings' | 'systemPrompt'>;
  history: Pick<PromptInput, 'newest' | 'earlier'>;
}

async function placeOf(chat: Chat, viewer: Viewer, input: EstimateInput): Promise<Place> {
  const nothing = { newest: [], earlier: async () => [] };
  if (input.conversationId == null) {
    if (input.parentId != null) throw new NotFound(input.parentId);
    return { conversation: { model: null, settings: {}, systemPrompt: null }, history: nothing };
  }
  const id = idOf('Conversation', input.conversationId);
  const mine = and(eq(conversations.id, id), eq(conversations.owner, viewer.id));
  const [conversation] = await chat.db.select().from(conversations).where(mine);
  if (!conversation) throw new NotFound(input.conversationId);
  const last = await lastOf(chat, id, input.parentId);
  if (!last) return { conversation, history: nothing };
  const earlier = (before: number, limit: number) => turnsUpTo(chat.db, id, last.id, before, limit);
  return { conversation, history: { newest: await earlier(last.position + 1, FIRST_TURNS), earlier } };
}

/** The message that the new one would follow. */
async function lastOf(chat: Chat, conversationId: string, parentId: string | null | undefined) {
  const here = eq(messages.conversationId, conversationId);
  const wanted = parentId == null ? messages.active : eq(messages.id, idOf('Message', parentId));
  const [last] = await chat.db
    .select({ id: messages.id, position: messages.position })
    .from(messages)
    .where(and(here, wanted))
    .orderBy(desc(messages.position))
    .limit(1);
  if (!last && parentId != null) throw new NotFound(parentId);
  return last;
}
