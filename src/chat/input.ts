// The rules for what clients send, beyond the schema's types. Looked at before anything is stored.
import { z } from 'zod';
import type { Settings as ServerSettings } from '../config.ts';
import type { Settings } from '../db/values.ts';
import { InvalidInput } from '../failure.ts';
import { isStorable } from '../text.ts';

const MAX_TITLE_LENGTH = 255;
const MAX_NAME_LENGTH = 255;
const MAX_TOKENS = 2 ** 31 - 1;

const storable = z.string().refine(isStorable, 'Text must not hold NUL or half of a surrogate pair.');
const between = (low: number, high: number) =>
  z
    .number(`Takes a number from ${low} to ${high}.`)
    .min(low, `Takes a number from ${low} to ${high}.`)
    .max(high, `Takes a number from ${low} to ${high}.`);
const atMost = (length: number) => storable.max(length, `Takes at most ${length} UTF-16 code units.`);

// Source of the ranges: https://platform.openai.com/docs/api-reference/chat/create
const settings = z.object({
  temperature: between(0, 2).nullish(),
  topP: between(0, 1).nullish(),
  maxTokens: between(1, MAX_TOKENS).nullish(),
  presencePenalty: between(-2, 2).nullish(),
  frequencyPenalty: between(-2, 2).nullish(),
  seed: z.number().nullish(),
  stop: z
    .array(atMost(1000).min(1, 'A stop sequence must not be empty.'))
    .max(4, 'Takes at most 4 stop sequences.')
    .nullish(),
  reasoningEffort: z.enum(['NONE', 'MINIMAL', 'LOW', 'MEDIUM', 'HIGH']).nullish(),
});
const title = atMost(MAX_TITLE_LENGTH).refine((text) => text.trim() !== '', 'A title must not be empty.');
const key = atMost(255).min(1, 'A key must not be empty.');
const choices = z.int().min(1, 'Takes a number from 1 to 8.').max(8, 'Takes a number from 1 to 8.');

export type InputRules = (input: CheckedInput) => void;

interface CheckedInput {
  content?: string;
  title?: string | null;
  systemPrompt?: string | null;
  model?: string | null;
  settings?: Settings | null;
  n?: number;
  idempotencyKey?: string | null;
}

type Limits = Pick<
  ServerSettings,
  'MAX_MESSAGE_LENGTH' | 'CLIENT_SYSTEM_PROMPT' | 'ALLOWED_MODELS' | 'OPENAI_MODEL'
>;

/**
 * Makes the check of an input's fields, of those that it has.
 * @returns a function that throws InvalidInput for the first field that does not hold.
 */
export function createInputRules(limits: Limits): InputRules {
  const shape = z.object({
    content: atMost(limits.MAX_MESSAGE_LENGTH)
      .refine((text) => text.trim() !== '', 'A message must not be empty.')
      .optional(),
    title: title.nullish(),
    systemPrompt: systemPrompt(limits).nullish(),
    model: model(limits).nullish(),
    settings: settings.nullish(),
    n: choices.optional(),
    idempotencyKey: key.nullish(),
  });
  return (input) => {
    const issue = shape.safeParse(input).error?.issues[0];
    if (issue) throw new InvalidInput(issue.path.map(String), issue.message);
  };
}

function systemPrompt({ MAX_MESSAGE_LENGTH, CLIENT_SYSTEM_PROMPT }: Limits) {
  return CLIENT_SYSTEM_PROMPT === 'deny'
    ? z.never('This server does not take system prompts from clients.')
    : atMost(MAX_MESSAGE_LENGTH);
}

function model({ ALLOWED_MODELS, OPENAI_MODEL }: Limits) {
  const allowed = ALLOWED_MODELS && new Set([OPENAI_MODEL, ...ALLOWED_MODELS]);
  return atMost(MAX_NAME_LENGTH)
    .min(1, 'The name of a model must not be empty.')
    .refine(
      (name) => allowed?.has(name) ?? true,
      `This server has the models ${[...(allowed ?? [])].join(', ')}.`,
    );
}
