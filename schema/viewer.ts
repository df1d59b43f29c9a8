import type { Quota as QuotaShape } from '../src/usage/quota.ts';
import { readQuota } from '../src/usage/quota.ts';
import type { Viewer as ViewerShape } from '../src/viewer.ts';
import { builder } from './builder.ts';

const ViewerRole = builder.enumType('ViewerRole', {
  description: 'What a viewer may ask.',
  values: {
    USER: { description: 'All about what is their own.' },
    ADMIN: { description: "Everybody's usage as well." },
  } as const,
});

export const Quota = builder.objectRef<QuotaShape>('Quota').implement({
  description:
    'What the viewer may still use today (UTC). Replies under way count with the most that they can still use.',
  fields: (t) => ({
    tokensUsed: t.expose('tokensUsed', { type: 'SafeInt', description: 'Tokens, of prompts and replies.' }),
    tokenLimit: t.expose('tokenLimit', {
      type: 'SafeInt',
      nullable: true,
      description: 'How many are allowed; null where there is no limit.',
    }),
    costUsed: t.expose('costUsed', {
      type: 'Decimal',
      description: 'In US dollars, of what has a known price.',
    }),
    costLimit: t.expose('costLimit', {
      type: 'Decimal',
      nullable: true,
      description: 'How much is allowed; null where there is no limit.',
    }),
    resetsAt: t.expose('resetsAt', { type: 'DateTime', description: 'When the next day begins.' }),
  }),
});

const Viewer = builder.objectRef<ViewerShape>('Viewer').implement({
  description: 'Who is asking.',
  fields: (t) => ({
    id: t.exposeID('id', {
      description: 'As the bearer token says it; `local` where the server knows no tokens.',
    }),
    name: t.exposeString('name', { nullable: true, description: 'As the bearer token says it.' }),
    role: t.expose('role', { type: ViewerRole, description: 'What they may ask.' }),
    quota: t.field({
      type: Quota,
      description: 'What is left of today.',
      resolve: (viewer, _, { app }) => readQuota(app.db, viewer),
    }),
  }),
});

builder.queryField('viewer', (t) =>
  t.field({
    type: Viewer,
    description: 'Who is asking, and what is left of their quota.',
    resolve: (_, __, { viewer }) => viewer,
  }),
);
