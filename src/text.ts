/** Whether PostgreSQL and UTF-8 can hold the text as it is: no NUL, no half of a surrogate pair. */
export function isStorable(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}

/** Whether cutting the text before this index, in UTF-16 code units, would cut a character in two. */
export function splitsCharacter(text: string, index: number): boolean {
  return isHighSurrogate(text.charCodeAt(index - 1)) && isLowSurrogate(text.charCodeAt(index));
}

/**
 * Makes storable text of pieces that a model's stream was cut into. A character whose two halves come in two pieces is
 * kept back until it is whole; a half that stays alone becomes U+FFFD; NUL is dropped.
 */
export class TextMender {
  #half = '';

  /** What can be shown of the text so far and was not yet. */
  next(piece: string): string {
    let text = this.#half + piece.replaceAll('\0', '');
    this.#half = '';
    if (isHighSurrogate(text.charCodeAt(text.length - 1))) {
      this.#half = text.slice(-1);
      text = text.slice(0, -1);
    }
    return text.toWellFormed();
  }

  /** The rest, once no piece comes any more. */
  end(): string {
    const rest = this.#half.toWellFormed();
    this.#half = '';
    return rest;
  }
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}
