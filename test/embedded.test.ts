import { statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createDirectory } from './support/databases.ts';
import { startProcess } from './support/process.ts';

describe('the embedded database', () => {
  it('belongs to one process: a second one refuses to start and leaves the first unharmed', async () => {
    const DATA_DIR = await createDirectory();
    await using first = await startProcess({ DATA_DIR });
    await expect(startProcess({ DATA_DIR })).rejects.toThrow(/ended with 1: .*in use by another process/);
    expect(await first.get('{ conversations { totalCount } }')).toEqual({ conversations: { totalCount: 0 } });
  });

  it('is taken over from a process that was killed, with all that was acknowledged', async () => {
    const DATA_DIR = await createDirectory();
    await using first = await startProcess({ DATA_DIR });
    const titles = Array.from({ length: 20 }, (_, index) => `Number ${index}`);
    for (const title of titles) {
      await first.get(
        'mutation ($title: String) { createConversation(input: { title: $title }) { __typename } }',
        { title },
      );
    }
    await first.stop('SIGKILL');
    await using second = await startProcess({ DATA_DIR });
    const { conversations } = await second.get(
      '{ conversations(first: 100, orderBy: { field: CREATED_AT, direction: ASC }) { nodes { title } } }',
    );
    expect(conversations.nodes.map(({ title }: { title: string }) => title)).toEqual(titles);
    // Nobody else on the machine may read it.
    expect(statSync(DATA_DIR).mode & 0o077).toBe(0);
  });
});
