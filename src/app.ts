import { randomUUID } from 'node:crypto';
import type { Chat, Message } from './chat/chat.ts';
import { Generations } from './chat/generations.ts';
import { createInputRules, type InputRules } from './chat/input.ts';
import { Mirrors } from './chat/mirrors.ts';
import { settleAll } from './chat/recovery.ts';
import type { Settings } from './config.ts';
import { openDatabase, type Database, type Transaction } from './db/open.ts';
import { Changes } from './live/changes.ts';
import { LiveReplies } from './live/replies.ts';
import type { Logger } from './log.ts';
import { startDemoModel } from './model/demo/server.ts';
import { createChatModel, type ChatModel } from './model/openai.ts';
import { createPrices, type Prices } from './model/prices.ts';

/** What lives as long as the process. Knows no network and no GraphQL. */
export class App implements Chat {
  readonly processId = randomUUID();
  readonly settings: Settings;
  readonly log: Logger;
  readonly database: Database;
  readonly model: ChatModel;
  readonly prices: Prices;
  readonly check: InputRules;
  readonly live = new LiveReplies<Message>();
  readonly changes = new Changes();
  readonly mirrors = new Mirrors(this);
  readonly generations: Generations;

  /** @param baseUrl of the chat API; undefined for the SDK's own. */
  constructor(settings: Settings, log: Logger, database: Database, baseUrl: string | undefined) {
    this.settings = settings;
    this.log = log;
    this.database = database;
    this.check = createInputRules(settings);
    this.prices = createPrices({ file: settings.MODEL_PRICES, baseUrl });
    this.model = createChatModel({
      apiKey: settings.OPENAI_API_KEY ?? 'none', // The SDK insists on one; a server of one's own may not.
      baseUrl,
      // A whole reply may come in one piece, with every character escaped.
      maxEventLength: 6 * settings.MAX_REPLY_LENGTH + 65_536,
      limits: {
        firstByte: settings.UPSTREAM_TIMEOUT_MS,
        silence: settings.UPSTREAM_IDLE_TIMEOUT_MS,
        total: settings.UPSTREAM_TOTAL_TIMEOUT_MS,
      },
    });
    this.generations = new Generations(this);
  }

  get db() {
    return this.database.db;
  }

  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.database.transaction(work);
  }
}

/**
 * Opens everything, each part with what it stands on. Closing what is returned goes the same way back.
 * @throws DirectoryInUse, or what the driver or the price file says
 */
export async function openApp(settings: Settings, log: Logger): Promise<{ app: App } & AsyncDisposable> {
  await using opening = new AsyncDisposableStack();
  const database = opening.use(await openDatabase(settings));
  const demo = settings.demo ? opening.use(await startDemoModel()) : undefined;
  const app = new App(settings, log, database, demo?.url ?? settings.OPENAI_BASE_URL);
  opening.use(app.generations);
  // The embedded database has one process: what the last one left unfinished, nobody else will end.
  if (database.kind === 'embedded') await settleAll(app);
  const owned = opening.move();
  return { app, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
