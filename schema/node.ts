import type { Conversation } from '../src/chat/chat.ts';
import type { SeenMessage } from '../src/chat/messages.ts';
import { parseGlobalId } from '../src/ids.ts';
import { builder, type Context } from './builder.ts';

/** Whatever has an id of its own. Its members tell themselves apart by `isTypeOf`. */
export const Node = builder.interfaceRef<Conversation | SeenMessage>('Node').implement({
  description: 'Whatever can be asked for again by its id alone.',
  fields: (t) => ({
    id: t.id({ description: 'Opaque, and unique among all types.', resolve: ({ id }) => id }),
  }),
});

builder.queryFields((t) => ({
  node: t.field({
    type: Node,
    nullable: true,
    description:
      "What has this id; null where it does not exist or is not the viewer's: the two are not told apart.",
    args: { id: t.arg.id({ required: true, description: 'As it was in the field id.' }) },
    resolve: (_, { id }, context) => loadNode(id, context),
  }),
  nodes: t.field({
    type: [Node],
    nullable: { list: false, items: true },
    description: 'The same for many, in the order of the ids. At most 100.',
    args: { ids: t.arg.idList({ required: true, description: 'As they were in the field id.' }) },
    resolve: (_, { ids }, context) => ids.map((id) => loadNode(id, context)),
  }),
}));

function loadNode(id: string, { load }: Context): Promise<Conversation | SeenMessage | undefined> {
  const parsed = parseGlobalId(id);
  if (!parsed) return Promise.resolve(undefined);
  return parsed.type === 'Conversation' ? load.conversation.load(parsed.id) : load.message.load(parsed.id);
}
