import { listModels, type ListedModel } from '../src/chat/models.ts';
import { builder } from './builder.ts';

const price = 'In US dollars per million tokens; null where not known.';

const Model = builder.objectRef<ListedModel>('Model').implement({
  description:
    'A model that a client may name. Prices in US dollars per million tokens; null where not known.',
  fields: (t) => ({
    id: t.exposeString('id', { description: 'Its name, as sendMessage takes it.' }),
    contextWindow: t.exposeInt('contextWindow', {
      nullable: true,
      description: 'How many tokens it reads and writes together; null where not known.',
    }),
    promptPrice: t.expose('promptPrice', {
      type: 'Decimal',
      nullable: true,
      description: `What it reads. ${price}`,
    }),
    cachedPromptPrice: t.expose('cachedPromptPrice', {
      type: 'Decimal',
      nullable: true,
      description: `What it reads from the provider's cache. ${price}`,
    }),
    completionPrice: t.expose('completionPrice', {
      type: 'Decimal',
      nullable: true,
      description: `What it writes. ${price}`,
    }),
    isDefault: t.exposeBoolean('isDefault', { description: 'Whether it replies where nobody names one.' }),
  }),
});

builder.queryField('models', (t) =>
  t.field({
    type: [Model],
    description: 'The models that a client may name, with their limits and prices.',
    resolve: (_, __, { app }) => listModels(app),
  }),
);
