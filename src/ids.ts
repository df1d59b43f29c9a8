import { v7 } from 'uuid';
import { NotFound } from './failure.ts';

/** The types that have an id of their own in the API. */
export type NodeType = 'Conversation' | 'Message';

/** A new id. Later ones sort after earlier ones of this process, within a millisecond too. */
export const newId = (): string => v7();

/** The id as clients see it: opaque, and different for each type. */
export function globalId(type: NodeType, id: string): string {
  return Buffer.from(`${type}:${id}`).toString('base64url');
}

/** The other way round. Undefined for anything that is not an id of ours. */
export function parseGlobalId(text: string): { type: NodeType; id: string } | undefined {
  const match = GLOBAL_ID.exec(Buffer.from(text, 'base64url').toString());
  if (!match) return undefined;
  const type = match[1] as NodeType;
  const id = match[2]!;
  // Base64 has many spellings of the same bytes; an id has one.
  return globalId(type, id) === text ? { type, id } : undefined;
}

const GLOBAL_ID = /^(Conversation|Message):([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/**
 * What the client's id stands for.
 * @throws NotFound where it is no id of this type: it is then answered like one that does not exist.
 */
export function idOf(type: NodeType, text: string): string {
  const parsed = parseGlobalId(text);
  if (parsed?.type !== type) throw new NotFound(text);
  return parsed.id;
}
