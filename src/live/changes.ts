/** Tells those who watch a conversation that something in it has changed: look again. What has changed, the database knows. */
export class Changes {
  readonly #watchers = new Map<string, Set<() => void>>();

  /** Comes after the commit. */
  announce(conversationId: string): void {
    for (const look of this.#watchers.get(conversationId) ?? []) look();
  }

  /** @param look is called, at once and without waiting, for every change until the returned function is called. */
  watch(conversationId: string, look: () => void): () => void {
    const watchers = this.#watchers.get(conversationId) ?? new Set();
    this.#watchers.set(conversationId, watchers);
    watchers.add(look);
    return () => {
      watchers.delete(look);
      if (watchers.size === 0 && this.#watchers.get(conversationId) === watchers)
        this.#watchers.delete(conversationId);
    };
  }

  /** How many conversations are watched. */
  get size(): number {
    return this.#watchers.size;
  }
}
