/** Who is asking. */
export interface Viewer {
  /** The owner of what it writes. */
  id: string;
  name: string | null;
  role: 'USER' | 'ADMIN';
}

/** Everybody, where the server has no way to tell callers apart; it then serves this machine alone. */
export const LOCAL_VIEWER: Viewer = { id: 'local', name: null, role: 'USER' };
