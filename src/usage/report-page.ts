import type { Db } from '../db/open.ts';
import { BadInput, Forbidden } from '../failure.ts';
import { parseGlobalId } from '../ids.ts';
import { pageOf, windowOf, type Page, type PageArguments } from '../page.ts';
import { isStorable } from '../text.ts';
import type { Viewer } from '../viewer.ts';
import { readReport, type Dimension, type ReportRow, type UsageOrder } from './report.ts';
import type { Usage } from './usage.ts';

export interface ReportArguments extends PageArguments {
  from?: string | null;
  to?: string | null;
  timeZone: string;
  groupBy: readonly Dimension[];
  conversationId?: string | null;
  model?: string | null;
  userId?: string | null;
  orderBy: UsageOrder;
}

export interface ReportPage extends Page<ReportRow> {
  totals: Usage;
}

const PAGE_SIZE = 100;
/** No conversation has it: what is asked of an id that is none is answered like one that does not exist. */
const NOBODYS = '00000000-0000-0000-0000-000000000000';

/** @throws BadInput, Forbidden for what only an ADMIN may ask. */
export async function reportPage(db: Db, viewer: Viewer, args: ReportArguments): Promise<ReportPage> {
  const { from = null, to = null, timeZone, groupBy, model = null, orderBy } = args;
  if ([model, args.userId].some((text) => text != null && !isStorable(text))) {
    throw new BadInput('Text must not hold NUL or half of a surrogate pair.');
  }
  const owner = ownerOf(viewer, args);
  const scope = ['usage', viewer.id, orderBy, ...groupBy.toSorted((a, b) => a.localeCompare(b))];
  const window = windowOf(args, {
    scope,
    keys: ['text', 'text', 'text', 'text', 'text'],
    pageSize: PAGE_SIZE,
  });
  const conversationId = args.conversationId == null ? null : conversationOf(args.conversationId);
  const query = { from, to, timeZone, groupBy, owner, conversationId, model, orderBy };
  const { rows, totals } = await readReport(
    db,
    query,
    window.limit,
    window.after && positionOf(window.after),
  );
  const page = pageOf(rows, window, ({ rank, day, model: name, conversationId: id, owner: user }) =>
    [rank, day, name, id, user].map((key) => key ?? ''),
  );
  return { ...page, totals };
}

/** Whose usage it is about; null for everybody's. */
function ownerOf(viewer: Viewer, { userId, groupBy }: ReportArguments): string | null {
  if (viewer.role === 'ADMIN') return userId ?? null;
  if (groupBy.includes('USER') || (userId != null && userId !== viewer.id)) {
    throw new Forbidden('Only an ADMIN may group by USER or ask about somebody else.');
  }
  return viewer.id;
}

function conversationOf(id: string): string {
  const parsed = parseGlobalId(id);
  return parsed?.type === 'Conversation' ? parsed.id : NOBODYS;
}

function positionOf(keys: (string | number)[]) {
  const [rank, day, model, conversationId, owner] = keys.map((key) => (key === '' ? null : String(key)));
  if (!/^-?\d{1,40}(\.\d{1,40})?$/.test(rank ?? ''))
    throw new BadInput('This cursor does not belong to this list.');
  return { rank: rank!, day: day!, model: model!, conversationId: conversationId!, owner: owner! };
}
