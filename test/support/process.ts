import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { connect, type Client } from './client.ts';
import { started } from './leaks.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** What a finished command left. */
export interface Finished {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** One of the commands of this project, run to its end. */
export async function command(
  file: string,
  args: string[],
  environment: Record<string, string> = {},
  input = '',
): Promise<Finished> {
  const child = start(file, args, environment);
  child.stdin!.end(input);
  const output = collect(child);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...output() };
}

/** The server as a process of its own, so that it can be killed. */
export interface ServerProcess extends Client, AsyncDisposable {
  url: string;
  pid: number;
  output(): { stdout: string; stderr: string };
  /** Sends a signal and waits for the end. @returns the exit code, null where the signal ended it. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
  exited: Promise<number | null>;
}

/** Starts `node src/main.ts` and waits until it is ready. @throws Error with what it printed where it ends instead. */
export async function startProcess(environment: Record<string, string> = {}): Promise<ServerProcess> {
  const ended = started('process');
  const child = start('src/main.ts', [], { PORT: '0', LOG_LEVEL: 'info', ...environment });
  const output = collect(child);
  const exited = once(child, 'close').then(([code]) => {
    ended();
    return code as number | null;
  });
  const url = await Promise.race([ready(child, output), exited.then((code) => fail(code, output()))]);
  const client = connect(url);
  const stop = async (signal: NodeJS.Signals = 'SIGTERM') => {
    child.kill(signal);
    return exited;
  };
  return {
    ...client,
    url,
    pid: child.pid!,
    output,
    stop,
    exited,
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      if (child.exitCode === null && child.signalCode === null) await stop('SIGKILL');
    },
  };
}

function start(file: string, args: string[], environment: Record<string, string>): ChildProcess {
  const { PATH, HOME, TMPDIR } = process.env;
  // Not where the repository lies, so that no .env of a developer is read.
  return spawn(process.execPath, [`${ROOT}${file}`, ...args], {
    cwd: new URL('.', import.meta.url),
    env: { PATH, HOME, ...(TMPDIR ? { TMPDIR } : {}), ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}

function collect(child: ChildProcess): () => { stdout: string; stderr: string } {
  const output = { stdout: '', stderr: '' };
  child.stdout!.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  return () => output;
}

function ready(child: ChildProcess, output: () => { stdout: string }): Promise<string> {
  return new Promise((resolve) => {
    child.stdout!.on('data', () => {
      const url = /^ready (http:\S+)$/m.exec(output().stdout)?.[1];
      if (url) resolve(url);
    });
  });
}

function fail(code: number | null, { stdout, stderr }: { stdout: string; stderr: string }): never {
  throw new Error(`The server ended with ${code}: ${stdout}${stderr}`);
}
