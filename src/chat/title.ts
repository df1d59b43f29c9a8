// A title for a conversation, made from its first message.

const MAX_LENGTH = 60;
/** Of a conversation that nobody has named and nothing was said in. */
export const NO_TITLE = 'New conversation';

// By the rules of Unicode, which know where a sentence ends in any script.
const sentences = new Intl.Segmenter('und', { granularity: 'sentence' });
const words = new Intl.Segmenter('und', { granularity: 'word' });
const characters = new Intl.Segmenter('und', { granularity: 'grapheme' });

/** The text's first sentence, cut at a word within 60 characters. */
export function titleOf(text: string): string {
  // Far more than a title: the rest of a long text need not be looked at.
  const start = text.slice(0, 2000).toWellFormed().replace(/\s+/gu, ' ').trim();
  const sentence = first(sentences.segment(start)).trim();
  if (sentence === '') return NO_TITLE;
  return lengthOf(sentence) <= MAX_LENGTH ? sentence : `${cut(sentence)}…`;
}

/** As many whole words as fit beside the ellipsis; where the first alone does not, as many characters. */
function cut(sentence: string): string {
  let title = '';
  for (const { segment } of words.segment(sentence)) {
    if (lengthOf(title + segment) >= MAX_LENGTH) break;
    title += segment;
  }
  return (
    title.trim() ||
    [...characters.segment(sentence)]
      .slice(0, MAX_LENGTH - 1)
      .map(({ segment }) => segment)
      .join('')
  );
}

function lengthOf(text: string): number {
  // A character takes at least one code unit: usually that is enough to know.
  return [...characters.segment(text)].length;
}

function first(segments: Intl.Segments): string {
  for (const { segment } of segments) if (segment.trim() !== '') return segment;
  return '';
}
