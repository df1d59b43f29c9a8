import type { App } from './app.ts';

/** The first screen: where it is, where the data lies, who replies, and what to try. */
export function welcome(url: string, { settings, database }: App): string {
  const model = settings.demo
    ? 'the built-in demo model replies; set OPENAI_API_KEY for a real one'
    : `${settings.OPENAI_MODEL}${settings.OPENAI_BASE_URL ? ` at ${settings.OPENAI_BASE_URL}` : ''}`;
  const where = settings.PORT === 4000 ? '' : `--url ${url} `;
  return `ready ${url}

  data    ${database.kind === 'embedded' ? `${database.place} (embedded PostgreSQL)` : database.place}
  model   ${model}

  try     npm run chat -- ${where}"What can this server do?"
          npm run usage${where && ` -- ${where.trim()}`}${settings.GRAPHIQL ? `\n          ${url}/graphql in a browser` : ''}

`;
}
