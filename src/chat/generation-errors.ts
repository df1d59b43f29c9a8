import type { GenerationErrorCode } from '../db/values.ts';

/** What users are told of a failed reply. */
interface Description {
  message: string;
  /** Whether the same may well succeed now. */
  retryable: boolean;
}

const DESCRIPTIONS: Record<GenerationErrorCode, Description> = {
  UPSTREAM_AUTH: {
    message: 'The model cannot be reached: the server is not allowed to use it.',
    retryable: false,
  },
  UPSTREAM_RATE_LIMIT: { message: 'The model is asked too much at the moment.', retryable: true },
  UPSTREAM_QUOTA: { message: "The server's credit for the model is used up.", retryable: false },
  UPSTREAM_REJECTED: { message: 'The model does not exist or does not take this request.', retryable: false },
  CONTEXT_LENGTH_EXCEEDED: {
    message: 'The conversation is longer than the model can read.',
    retryable: false,
  },
  UPSTREAM_UNAVAILABLE: { message: 'The model is not available at the moment.', retryable: true },
  UPSTREAM_TIMEOUT: { message: 'The model did not answer in time.', retryable: true },
  UPSTREAM_PROTOCOL: { message: 'The reply broke off.', retryable: true },
  INTERRUPTED: { message: 'The server stopped while the reply was being written.', retryable: true },
  INTERNAL: { message: 'The server failed while the reply was being written.', retryable: true },
};

export function describe(code: GenerationErrorCode): Description {
  return DESCRIPTIONS[code];
}
