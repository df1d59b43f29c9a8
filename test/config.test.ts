import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { describe, expect, it } from 'vitest';
import { BadSettings, readSettings, VARIABLES } from '../src/config.ts';
import { startProcess } from './support/process.ts';

describe('settings', () => {
  it('are all in .env.example, with their defaults', () => {
    const text = readFileSync(new URL('../.env.example', import.meta.url), 'utf8');
    // A line that is commented out shows the default, or where there is none an example.
    const shown = parseEnv(text.replaceAll(/^# ?([A-Z][A-Z_]+=)/gm, '$1'));
    expect(Object.keys(shown).toSorted()).toEqual(VARIABLES.toSorted());
    const defaults: Record<string, unknown> = readSettings({});
    for (const [name, value] of Object.entries(shown)) {
      const standing = new RegExp(`^# ${name}=.*# default$`, 'm').test(text);
      if (standing) expect(`${name}=${String(defaults[name])}`).toBe(`${name}=${value}`);
    }
  });

  it('that do not fit are told all at once, one line each, without secrets', () => {
    const read = () =>
      readSettings({ PORT: 'http', LEASE_MS: '-1', DATABASE_URL: 'mysql://root:hunter2@db', HOST: '' });
    expect(read).toThrow(BadSettings);
    expect(read).toThrow(
      [
        'PORT="http": takes a whole number from 0 to 65535',
        'DATABASE_URL=(not shown): takes an address that begins with postgres:// or postgresql://',
        'LEASE_MS="-1": takes a whole number from 500 to 2147483647',
      ].join('\n'),
    );
  });

  it('that do not fit end the start with exit code 1', async () => {
    await expect(startProcess({ PORT: 'http', HOST: '0.0.0.0' })).rejects.toThrow(
      /ended with 1: PORT="http": takes/,
    );
  });

  it('do not let anybody in from elsewhere without tokens', () => {
    expect(() => readSettings({ HOST: '0.0.0.0' })).toThrow(/HOST=0\.0\.0\.0: takes a loopback address/);
    for (const HOST of ['127.0.0.1', '::1', 'localhost']) expect(readSettings({ HOST }).HOST).toBe(HOST);
  });

  it('have the demo model reply where there is no key and no address', () => {
    expect(readSettings({})).toMatchObject({ demo: true, OPENAI_MODEL: 'demo' });
    expect(readSettings({ OPENAI_API_KEY: 'sk-1' })).toMatchObject({
      demo: false,
      OPENAI_MODEL: 'gpt-4.1-mini',
    });
    expect(readSettings({ OPENAI_BASE_URL: 'http://127.0.0.1:11434/v1' })).toMatchObject({ demo: false });
  });
});
