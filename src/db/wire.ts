// The framing of PostgreSQL's wire protocol, version 3 (its documentation, "Message Formats").

const LENGTH = 4;
const TYPE = 1;

/**
 * Collects what a client writes and gives back as many whole messages as have come. The first message of a connection
 * has no type byte; every other one is a type, a length that counts itself, and a body.
 */
export function createMessageReader(): (bytes: Uint8Array) => Uint8Array {
  let pending = Buffer.alloc(0);
  let started = false;
  return (bytes) => {
    pending = pending.length === 0 ? Buffer.from(bytes) : Buffer.concat([pending, bytes]);
    let end = 0;
    for (;;) {
      const lengthAt = end + (started ? TYPE : 0);
      if (pending.length < lengthAt + LENGTH) break;
      const messageEnd = lengthAt + pending.readUInt32BE(lengthAt);
      if (pending.length < messageEnd) break;
      end = messageEnd;
      started = true;
    }
    const ready = pending.subarray(0, end);
    pending = pending.subarray(end);
    return ready;
  };
}
