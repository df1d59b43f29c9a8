import { and, eq, inArray, sql } from 'drizzle-orm';
import { conversations, generations, idempotencyKeys } from '../db/tables.ts';
import type { Settings } from '../db/values.ts';
import { NotFound } from '../failure.ts';
import { idOf, newId } from '../ids.ts';
import type { Viewer } from '../viewer.ts';
import type { Chat, Conversation } from './chat.ts';
import { firstUserText } from './branch.ts';
import { NO_TITLE, titleOf } from './title.ts';

export interface CreateInput {
  title?: string | null;
  systemPrompt?: string | null;
  model?: string | null;
  settings?: Settings | null;
}

/** @throws InvalidInput */
export async function createConversation(
  chat: Chat,
  viewer: Viewer,
  input: CreateInput,
): Promise<Conversation> {
  chat.check(input);
  const { title, systemPrompt, model, settings } = input;
  const [conversation] = await chat.db
    .insert(conversations)
    .values({
      id: newId(),
      owner: viewer.id,
      title: title ?? NO_TITLE,
      titleGiven: title != null,
      systemPrompt: systemPrompt || null,
      model: model ?? null,
      settings: merged({}, settings),
    })
    .returning();
  return conversation!;
}

export interface UpdateInput extends CreateInput {
  id: string;
  archived?: boolean | null;
}

/** A field left out stays as it is; null clears it, in the settings as well. @throws InvalidInput, NotFound */
export async function updateConversation(
  chat: Chat,
  viewer: Viewer,
  input: UpdateInput,
): Promise<Conversation> {
  chat.check(input);
  const id = idOf('Conversation', input.id);
  const updated = await chat.transaction(async (tx) => {
    const mine = and(eq(conversations.id, id), eq(conversations.owner, viewer.id));
    const [before] = await tx.select().from(conversations).where(mine).for('update');
    if (!before) throw new NotFound(input.id);
    const [after] = await tx
      .update(conversations)
      .set({
        ...(input.title === undefined ? {} : await titled(input.title, () => firstUserText(tx, id))),
        ...(input.systemPrompt === undefined ? {} : { systemPrompt: input.systemPrompt || null }),
        ...(input.model === undefined ? {} : { model: input.model }),
        ...(input.settings === undefined ? {} : { settings: merged(before.settings, input.settings) }),
        ...(input.archived == null
          ? {}
          : { archivedAt: input.archived ? sql`coalesce(archived_at, now())` : null }),
        version: before.version + 1,
        updatedAt: sql`now()`,
      })
      .where(mine)
      .returning();
    return after!;
  });
  chat.changes.announce(id);
  return updated;
}

/**
 * Erases every word of a conversation, and stops its replies under way. Its usage stays in the books.
 * @returns the id as the client gave it
 * @throws NotFound
 */
export async function deleteConversation(chat: Chat, viewer: Viewer, input: { id: string }): Promise<string> {
  const id = idOf('Conversation', input.id);
  const running = await chat.transaction(async (tx) => {
    // Messages and checkpoints go with it.
    const mine = and(eq(conversations.id, id), eq(conversations.owner, viewer.id));
    const [deleted] = await tx.delete(conversations).where(mine).returning({ id: conversations.id });
    if (!deleted) throw new NotFound(input.id);
    await tx.delete(idempotencyKeys).where(eq(idempotencyKeys.conversationId, id));
    return tx
      .update(generations)
      .set({ stop: 'ABORT' })
      .where(and(eq(generations.conversationId, id), generations.running))
      .returning({ id: generations.id });
  });
  for (const generation of running) chat.generations.abandon(generation.id);
  chat.changes.announce(id);
  return input.id;
}

/** The viewer's conversations with these ids; undefined in place of one that does not exist or is not theirs. */
export async function readConversations(
  chat: Chat,
  viewer: Viewer,
  ids: readonly string[],
): Promise<(Conversation | undefined)[]> {
  const rows = await chat.db
    .select()
    .from(conversations)
    .where(and(inArray(conversations.id, [...ids]), eq(conversations.owner, viewer.id)));
  const found = new Map(rows.map((row) => [row.id, row]));
  return ids.map((id) => found.get(id));
}

async function titled(title: string | null, firstText: () => Promise<string | undefined>) {
  return title === null
    ? { titleGiven: false, title: titleOf((await firstText()) ?? '') }
    : { titleGiven: true, title };
}

function merged(before: Settings, change: Settings | null | undefined): Settings {
  if (change == null) return {};
  return Object.fromEntries(Object.entries({ ...before, ...change }).filter(([, value]) => value != null));
}
