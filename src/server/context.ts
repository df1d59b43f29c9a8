import type { Context } from '../../schema/builder.ts';
import type { App } from '../app.ts';
import { createLoaders } from '../chat/loaders.ts';
import type { Viewer } from '../viewer.ts';

/** A context for one operation, or for one event of a subscription: its loaders remember what they have read. */
export function contextFor(app: App, viewer: Viewer): Context {
  return { app, viewer, load: createLoaders(app, viewer) };
}
