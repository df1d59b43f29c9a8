import { Beat } from './beat.ts';
import { LiveReply } from './reply.ts';

// Half of it is what a token waits at the median, which nobody sees; a frame then carries two or three tokens.
const BEAT_MS = 40;

/** The replies that this process writes, from before they are stored as begun until after they are stored as ended. */
export class LiveReplies<Ending> {
  readonly #replies = new Map<string, LiveReply<Ending>>();
  readonly #beat = new Beat(BEAT_MS);

  /** @param owner whose reply it is: nobody else may follow it. */
  open(id: string, owner: string): LiveReply<Ending> {
    const reply = new LiveReply<Ending>(id, owner, this.#beat);
    this.#replies.set(id, reply);
    return reply;
  }

  find(id: string): LiveReply<Ending> | undefined {
    return this.#replies.get(id);
  }

  /** Forgets a reply that has ended or was never stored. Who follows it still reads it to its end. */
  close(id: string): void {
    this.#replies.delete(id);
  }

  /** A reply that nobody writes here, for instance one that ended long ago: it is followed in the same way. */
  detached(id: string, owner: string, text: string): LiveReply<Ending> {
    return new LiveReply<Ending>(id, owner, this.#beat, text);
  }

  get size(): number {
    return this.#replies.size;
  }
}
