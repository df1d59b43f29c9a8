import { setImmediate as turn } from 'node:timers/promises';

// The tokenizer takes time that grows with the square of a run without a space, so that a text of one letter could hold
// up everybody else. Cut into pieces it is linear; a cut before a space changes nothing, any other at most a token.
const PIECE_LENGTH = 1000;
// Counted without a pause: some milliseconds at the worst.
const PIECES_A_TURN = 16;

type Encoding = 'o200k_base' | 'cl100k_base';

/** Counts as the model does, where it is known how; as today's models do otherwise. Never holds up other work for long. */
export async function countTokens(text: string, model?: string): Promise<number> {
  const count = await loadTokenizer(encodingOf(model));
  let tokens = 0;
  let pieces = 0;
  for (let start = 0; start < text.length; pieces++) {
    const end = endOfPiece(text, start);
    tokens += count(text.slice(start, end));
    start = end;
    if (pieces % PIECES_A_TURN === PIECES_A_TURN - 1) await turn();
  }
  return tokens;
}

/** Whether the model counts as those do whose counts are kept with the messages. */
export function countsAsStored(model: string): boolean {
  return encodingOf(model) === STORED_ENCODING;
}

const STORED_ENCODING: Encoding = 'o200k_base';

function encodingOf(model: string | undefined): Encoding {
  return model !== undefined && /^(gpt-3\.5|gpt-4(?!o|\.\d))/.test(model) ? 'cl100k_base' : STORED_ENCODING;
}

function endOfPiece(text: string, start: number): number {
  if (start + PIECE_LENGTH >= text.length) return text.length;
  const piece = text.slice(start, start + PIECE_LENGTH);
  const space = Math.max(piece.lastIndexOf(' '), piece.lastIndexOf('\n'));
  return start + (space > 0 ? space : PIECE_LENGTH);
}

type Tokenizer = (text: string) => number;
const tokenizers = new Map<Encoding, Promise<Tokenizer>>();

// Loaded when first needed: it takes a tenth of a second and 70 MB.
function loadTokenizer(encoding: Encoding): Promise<Tokenizer> {
  const loaded = tokenizers.get(encoding);
  if (loaded) return loaded;
  const loading = (
    encoding === 'cl100k_base'
      ? import('gpt-tokenizer/encoding/cl100k_base')
      : import('gpt-tokenizer/encoding/o200k_base')
  ).then(({ countTokens: count }) => {
    // What looks like a special token is a user's text here.
    const options = { disallowedSpecial: new Set<string>() };
    return (text: string) => count(text, options);
  });
  tokenizers.set(encoding, loading);
  return loading;
}
