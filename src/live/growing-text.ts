import { splitsCharacter } from '../text.ts';

/** The longest chunk that is sent, in bytes of UTF-8. */
export const MAX_CHUNK_BYTES = 32 * 1024;

// Long enough that a usual reply is one block, short enough that reading near its end copies little.
const BLOCK_LENGTH = 8 * 1024;

/**
 * A text that only grows. Appending costs the same however long it is, and so does reading a chunk of it: it is kept in
 * blocks, of which only the last one changes. All lengths and offsets are in UTF-16 code units.
 */
export class GrowingText {
  readonly #blocks: { start: number; text: string }[] = [];
  #last = { start: 0, text: '' };

  constructor(text = '') {
    this.append(text);
  }

  get length(): number {
    return this.#last.start + this.#last.text.length;
  }

  append(text: string): void {
    this.#last.text += text;
    if (this.#last.text.length < BLOCK_LENGTH) return;
    this.#blocks.push(this.#last);
    this.#last = { start: this.length, text: '' };
  }

  /** What follows the offset, whole characters of at most MAX_CHUNK_BYTES. An offset inside a character begins before it. */
  chunk(from: number): { offset: number; text: string } {
    const offset = splitsCharacter(this.slice(from - 1, from + 1), 1) ? from - 1 : from;
    return { offset, text: firstBytes(this.slice(offset, offset + MAX_CHUNK_BYTES), MAX_CHUNK_BYTES) };
  }

  slice(from: number, to = this.length): string {
    if (from >= this.#last.start)
      return this.#last.text.slice(from - this.#last.start, to - this.#last.start);
    let text = '';
    for (let index = this.#blockAt(from); index <= this.#blocks.length; index++) {
      const block = this.#blocks[index] ?? this.#last;
      if (block.start >= to) break;
      text += block.text.slice(Math.max(0, from - block.start), to - block.start);
    }
    return text;
  }

  /** The index of the last block that begins at the offset or before it. */
  #blockAt(offset: number): number {
    let low = 0;
    let high = this.#blocks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#blocks[middle]!.start <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  toString(): string {
    return this.slice(0);
  }
}

const encoder = new TextEncoder();
const scratch = new Uint8Array(MAX_CHUNK_BYTES);

/** As many of the text's first characters as fit into so many bytes of UTF-8. */
function firstBytes(text: string, bytes: number): string {
  // No UTF-16 code unit takes more than three bytes.
  if (text.length * 3 <= bytes) return text;
  return text.slice(0, encoder.encodeInto(text, scratch.subarray(0, bytes)).read);
}
