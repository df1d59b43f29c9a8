import stringWidth from 'string-width';

/** 1234567 as "1,234,567". */
export function amount(number: number): string {
  return number.toLocaleString('en-US');
}

/** An exact decimal for people: "$0.0004"; null is a cost that nobody knows. */
export function dollars(cost: string | null): string {
  if (cost === null) return 'unknown';
  const [whole = '0', fraction = ''] = cost.split('.');
  // Two places, or as many as show the first three digits that are not 0.
  const places = Math.max(2, whole === '0' ? (/^0*/.exec(fraction)?.[0].length ?? 0) + 3 : 2);
  const shown = fraction.slice(0, places).replace(/0+$/, '').padEnd(2, '0');
  return `$${Number(whole).toLocaleString('en-US')}.${shown}`;
}

export interface Column {
  title: string;
  cells: string[];
  align?: 'left' | 'right';
  /** The widest it may be, in columns of the terminal. */
  max?: number;
}

/** Lines up columns, also where letters are two columns wide. */
export function table(columns: Column[]): string {
  const laid = columns.map(({ title, cells, align = 'left', max = Infinity }) => {
    const texts = [title, ...cells].map((cell) => shorten(cell, max));
    const width = Math.max(...texts.map((text) => stringWidth(text)));
    return texts.map((text) => pad(text, width, align));
  });
  const rows = (laid[0] ?? []).map((_, row) =>
    laid
      .map((column) => column[row]!)
      .join('  ')
      .trimEnd(),
  );
  const [head = '', ...body] = rows;
  return [
    head,
    '─'.repeat(stringWidth(rows.toSorted((a, b) => stringWidth(b) - stringWidth(a))[0] ?? '')),
    ...body,
  ].join('\n');
}

/** One cell of a CSV file; what a spreadsheet would take for a formula is made text. */
export function csvCell(value: string): string {
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n']/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function pad(text: string, width: number, align: 'left' | 'right'): string {
  const space = ' '.repeat(width - stringWidth(text));
  return align === 'right' ? space + text : text + space;
}

function shorten(text: string, max: number): string {
  const line = text.replace(/\s+/gu, ' ');
  if (stringWidth(line) <= max) return line;
  let short = '';
  for (const { segment } of new Intl.Segmenter().segment(line)) {
    if (stringWidth(short + segment) >= max) break;
    short += segment;
  }
  return `${short}…`;
}
