import { builder } from './builder.ts';
import './scalars.ts';
import './node.ts';
import './conversation.ts';
import './conversation-list.ts';
import './send.ts';
import './reply.ts';
import './estimate.ts';
import './conversation-event.ts';
import './usage.ts';
import './model.ts';
import './viewer.ts';
import './later.ts';

/** The whole of what clients can say; printed in schema.graphql. */
export const schema = builder.toSchema();
