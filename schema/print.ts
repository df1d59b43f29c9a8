// Writes schema.graphql: `npm run generate`. A test compares it, so that every change of the contract shows as a diff.
import { writeFileSync } from 'node:fs';
import { lexicographicSortSchema, printSchema } from 'graphql';
import { schema } from './schema.ts';

export function printedSchema(): string {
  return `${printSchema(lexicographicSortSchema(schema))}\n`;
}

if (import.meta.main) writeFileSync(new URL('./schema.graphql', import.meta.url), printedSchema());
