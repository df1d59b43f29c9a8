import { isIP } from 'node:net';
import { z } from 'zod';

const count = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,16}$/)
    .transform(Number)
    .refine((value) => value >= min && value <= max)
    .meta({ takes: `a whole number from ${min} to ${max}` });
const milliseconds = (min = 1) => count(min, 2 ** 31 - 1);
const words = z.string();
const list = z.string().transform((value) =>
  value
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean),
);
const choice = <const T extends [string, ...string[]]>(...values: T) =>
  z.enum(values).meta({ takes: values.join(' or ') });
const url = (...protocols: string[]) =>
  z
    .string()
    .refine((value) => protocols.includes(URL.parse(value)?.protocol ?? ''))
    .meta({ takes: `an address that begins with ${protocols.map((name) => `${name}//`).join(' or ')}` });

// The names are those of the environment, here and wherever a setting is read, so that each can be found from either end.
// .env.example tells what each is for.
const variables = z.object({
  HOST: words.default('127.0.0.1'),
  PORT: count(0, 65_535).default(4000),
  DATABASE_URL: url('postgres:', 'postgresql:').optional(),
  DATA_DIR: words.default('.data'),
  DATABASE_POOL_SIZE: count(1, 1000).default(10),
  OPENAI_API_KEY: words.optional(),
  OPENAI_BASE_URL: url('http:', 'https:').optional(),
  OPENAI_MODEL: words.optional(),
  SYSTEM_PROMPT: words.optional(),
  CLIENT_SYSTEM_PROMPT: choice('allow', 'deny').default('allow'),
  ALLOWED_MODELS: list.optional(),
  MODEL_PRICES: words.optional(),
  UPSTREAM_TIMEOUT_MS: milliseconds().default(60_000),
  UPSTREAM_IDLE_TIMEOUT_MS: milliseconds().default(30_000),
  UPSTREAM_TOTAL_TIMEOUT_MS: milliseconds().default(900_000),
  UPSTREAM_MAX_RETRIES: count(0, 10).default(2),
  MAX_MESSAGE_LENGTH: count(1, 10_000_000).default(200_000),
  MAX_REPLY_LENGTH: count(1, 100_000_000).default(1_000_000),
  MAX_BODY_BYTES: count(1024, 1_000_000_000).default(1_048_576),
  CHECKPOINT_MS: milliseconds(10).default(500),
  LEASE_MS: milliseconds(500).default(15_000),
  GRAPHIQL: choice('on', 'off').optional(),
  SHUTDOWN_GRACE_MS: milliseconds(0).default(10_000),
  LOG_LEVEL: choice('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent').default('info'),
});

type Variables = z.infer<typeof variables>;

export type Settings = Omit<Variables, 'OPENAI_MODEL' | 'GRAPHIQL'> & {
  OPENAI_MODEL: string;
  GRAPHIQL: boolean;
  /** Whether the built-in demo model replies, because nothing else was set. */
  demo: boolean;
};

/** Every variable that is read, in the order of .env.example. */
export const VARIABLES = Object.keys(variables.shape);

/** All that is wrong with the settings, one line a fault. */
export class BadSettings extends Error {
  constructor(faults: string[]) {
    super(faults.join('\n'));
  }
}

/**
 * @param environment names and values; an empty value counts as not set.
 * @throws BadSettings
 */
export function readSettings(environment: Record<string, string | undefined>): Settings {
  const given = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value.trim() !== ''),
  );
  const { data, error } = variables.safeParse(given);
  if (error) throw new BadSettings(error.issues.map(({ path: [name] }) => faultOf(String(name), given)));
  const demo = data.OPENAI_API_KEY === undefined && data.OPENAI_BASE_URL === undefined;
  const settings: Settings = {
    ...data,
    OPENAI_MODEL: demo ? DEMO_MODEL : (data.OPENAI_MODEL ?? data.ALLOWED_MODELS?.[0] ?? 'gpt-4.1-mini'),
    // The demo model has no other name, and nobody should be told that it is one of theirs.
    ALLOWED_MODELS: demo ? [DEMO_MODEL] : data.ALLOWED_MODELS,
    GRAPHIQL: data.GRAPHIQL === undefined ? isLoopback(data.HOST) : data.GRAPHIQL === 'on',
    demo,
  };
  const conflicts = conflictsIn(settings);
  if (conflicts.length > 0) throw new BadSettings(conflicts);
  return settings;
}

/** The name under which the built-in demo model replies. */
export const DEMO_MODEL = 'demo';

function conflictsIn(settings: Settings): string[] {
  const faults = [];
  if (!isLoopback(settings.HOST)) {
    faults.push(
      `HOST=${settings.HOST}: takes a loopback address (127.0.0.1, ::1, localhost), because every caller is let in as the user "local"`,
    );
  }
  return faults;
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

const SECRET = /KEY|SECRET|DATABASE_URL|REDIS_URL/;

function faultOf(name: string, given: Record<string, string | undefined>): string {
  const value = SECRET.test(name) ? '(not shown)' : JSON.stringify(given[name]);
  return `${name}=${value}: takes ${takesOf(variables.shape[name as keyof typeof variables.shape])}`;
}

function takesOf(schema: z.ZodType): string {
  const inner = schema instanceof z.ZodDefault || schema instanceof z.ZodOptional ? schema.unwrap() : schema;
  return String((inner as z.ZodType).meta()?.['takes']);
}
