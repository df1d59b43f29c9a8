import { setTimeout as delay } from 'node:timers/promises';
import type { App } from '../app.ts';

// Whoever asks is a load balancer that has many to ask.
const PATIENCE_MS = 1_000;

export interface Readiness {
  ready: boolean;
  /** One line a part. */
  text: string;
}

/** Whether new work should come here: each part answers, and no shutdown is under way. */
export async function readinessOf(app: App): Promise<Readiness> {
  const parts = {
    database: await answers(app.database.ping()),
    server: app.generations.closing ? 'shutting down' : 'ok',
  };
  return {
    ready: Object.values(parts).every((state) => state === 'ok'),
    text: Object.entries(parts)
      .map(([part, state]) => `${part} ${state}\n`)
      .join(''),
  };
}

async function answers(asked: Promise<unknown>): Promise<string> {
  const answered = asked.then(
    () => 'ok',
    () => 'does not answer',
  );
  return Promise.race([answered, delay(PATIENCE_MS, 'does not answer', { ref: false })]);
}
