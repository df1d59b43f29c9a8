import { GraphQLError } from 'graphql';
import { builder } from './builder.ts';

const DAY = /^\d{4}-\d{2}-\d{2}$/;

builder.scalarType('DateTime', {
  description: 'An instant: RFC 3339, UTC, to the millisecond, for instance `2026-11-24T09:30:00.000Z`.',
  serialize: (value) => value.toISOString(),
  parseValue: refused('DateTime is never an input.'),
});

builder.scalarType('Date', {
  description: 'A calendar day, `YYYY-MM-DD`.',
  serialize: (value) => value,
  parseValue: (value) => {
    if (typeof value === 'string' && DAY.test(value) && isDay(value)) return value;
    throw new GraphQLError('A Date is a day of the calendar, YYYY-MM-DD.');
  },
});

builder.scalarType('SafeInt', {
  description: 'A whole number from 0 to 2^53 - 1, as a JSON number. Sums of tokens outgrow Int.',
  serialize: (value) => value,
  parseValue: (value) => {
    if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
    throw new GraphQLError('A SafeInt is a whole number from 0 to 9007199254740991.');
  },
});

builder.scalarType('Decimal', {
  description:
    'An exact decimal number as a string, never a float: money in US dollars, for instance `"0.000381"`.',
  serialize: (value) => value,
  parseValue: refused('Decimal is never an input.'),
});

function refused(message: string): () => never {
  return () => {
    throw new GraphQLError(message);
  };
}

/** 2026-02-30 has the form of a day, but is none. */
function isDay(text: string): boolean {
  const day = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}
