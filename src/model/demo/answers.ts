// What the demo model says. It is no language model: it recognises a handful of questions, in English and Korean, so that
// a newcomer sees the whole way of a message before there is any key. Everything it says is marked as its own.

export interface Turn {
  role: string;
  content: string;
}

type Language = 'en' | 'ko';

/** @param choice which of several alternatives, from 0. */
export function answer(turns: Turn[], choice: number, now = new Date()): string {
  const question = turns.findLast(({ role }) => role === 'user')?.content ?? '';
  const language: Language = /\p{Script=Hangul}/u.test(question) ? 'ko' : 'en';
  const found = SKILLS.find(({ when }) => when.test(question));
  const text = (found ?? { say: fallback }).say({
    question,
    language,
    turns,
    now,
    match: found?.when.exec(question) ?? null,
  });
  return `${mark(language, choice)} ${text}`;
}

function mark(language: Language, choice: number): string {
  const name = { en: 'Demo model', ko: '데모 모델' }[language];
  return choice === 0 ? `[${name}]` : `[${name}, ${choice + 1}]`;
}

interface Asked {
  question: string;
  language: Language;
  turns: Turn[];
  now: Date;
  match: RegExpExecArray | null;
}

const SKILLS: { when: RegExp; say: (asked: Asked) => string }[] = [
  {
    when: /^\s*(?:echo|repeat|say)\s*:?\s+(.+)$|^(.+?)(?:라고|이라고)\s*(?:말해|해)|^따라\s?해\s*:?\s*(.+)$/isu,
    say: echo,
  },
  { when: /\bcount\b[^\d]*(\d+)|(\d+)\s*까지\s*세|(?:세어|숫자)[^\d]*(\d+)/iu, say: count },
  { when: /what (?:did|have) I (?:say|said|ask|write)|내가 (?:뭐|무엇|무슨)/iu, say: recall },
  { when: /\b(?:time|date|today|clock)\b|몇 시|시간|날짜|오늘|며칠/iu, say: time },
  {
    when: /what (?:can|does) (?:you|this|it)|what is this|who are you|\bhelp\b|\bfeatures?\b|할 수 있|뭐야|누구|도움|도와|기능/iu,
    say: explain,
  },
  {
    when: /\b(?:write|essay|story|poem|long|tell me about|paragraphs?)\b|길게|이야기|써\s?줘|글을|수필|소설/iu,
    say: write,
  },
  { when: /^\s*(?:hi|hello|hey|good (?:morning|evening|day))\b|^\s*안녕/iu, say: greet },
];

function echo({ match }: Asked): string {
  return (match?.slice(1).find((group) => group !== undefined) ?? '').trim();
}

function count({ match, language }: Asked): string {
  const to = Math.min(Number(match?.slice(1).find((group) => group !== undefined)), 500);
  const numbers = Array.from({ length: to }, (_, index) => index + 1).join(', ');
  return { en: `${numbers}. That was ${to}.`, ko: `${numbers}. 여기까지 ${to}입니다.` }[language];
}

function recall({ turns, language }: Asked): string {
  const earlier = turns.filter(({ role }) => role === 'user').slice(0, -1);
  if (earlier.length === 0)
    return { en: 'Nothing before this message.', ko: '이 메시지 전에는 아무 말씀도 없었습니다.' }[language];
  const list = earlier
    .slice(-5)
    .map(({ content }) => `- ${excerpt(content)}`)
    .join('\n');
  return `${{ en: 'Before this you wrote:', ko: '이전에 이렇게 쓰셨습니다:' }[language]}\n${list}`;
}

function time({ now, language }: Asked): string {
  const format = new Intl.DateTimeFormat({ en: 'en-GB', ko: 'ko-KR' }[language], {
    dateStyle: 'full',
    timeStyle: 'long',
  });
  return {
    en: `By this server's clock it is ${format.format(now)}.`,
    ko: `이 서버의 시계로는 ${format.format(now)}입니다.`,
  }[language];
}

function greet({ language }: Asked): string {
  return {
    en: 'Hello! I am built into Parley so that you can try it without a key. Ask me what this server can do, to count to 50, to tell the time, or to write something long and watch it stream.',
    ko: '안녕하세요! 저는 키 없이도 Parley를 써 볼 수 있도록 서버에 들어 있는 데모 모델입니다. 이 서버가 무엇을 할 수 있는지 물어보시거나, 50까지 세어 달라고 하시거나, 길게 글을 써 달라고 해 보세요.',
  }[language];
}

function explain({ language }: Asked): string {
  return {
    en: `This is Parley, a GraphQL server for chats with a language model.

- sendMessage stores your message and has the model reply; replyStream pushes the reply as it is written, from any offset.
- Close the window in the middle of a reply: it is written to its end all the same. Come back and read on where you were.
- stopReply ends a reply; what was written stays.
- Every token is in the books: usage tells them by conversation, day and model.

Set OPENAI_API_KEY, or OPENAI_BASE_URL for a server of your own, and a real model replies in my place.`,
    ko: `이것은 언어 모델과의 대화를 위한 GraphQL 서버, Parley입니다.

- sendMessage는 메시지를 저장하고 모델이 답하게 합니다. replyStream은 답이 쓰이는 대로 어느 위치에서든 보내 줍니다.
- 답이 쓰이는 중에 창을 닫아도 답은 끝까지 쓰입니다. 다시 와서 읽던 곳부터 이어 읽으세요.
- stopReply는 답을 멈춥니다. 그때까지 쓰인 것은 남습니다.
- 모든 토큰이 장부에 남습니다. usage가 대화별, 날짜별, 모델별로 알려 줍니다.

OPENAI_API_KEY를 설정하거나, 직접 운영하는 서버라면 OPENAI_BASE_URL을 설정하면 저 대신 실제 모델이 답합니다.`,
  }[language];
}

const PARAGRAPHS: Record<Language, string[]> = {
  en: [
    'A reply is a text that only grows. While it is being written, everyone who reads it needs to remember a single number: how far they have come.',
    'Someone who arrives late starts at zero and catches up in one step. Someone whose train went through a tunnel comes back with their number and misses nothing.',
    'A slow reader gets fewer and longer pieces, and nobody has to wait for them. The writer does not even know who is reading.',
    'When the last word is written, the text is stored together with what it cost, and only then is the end announced. From that moment the same number reads on from the database.',
    'So a reply has one address for ever: live, after its end, and after a crash.',
  ],
  ko: [
    '답은 자라기만 하는 글입니다. 글이 쓰이는 동안 읽는 사람이 기억할 것은 숫자 하나, 어디까지 읽었는지뿐입니다.',
    '늦게 온 사람은 0에서 시작해 한 번에 따라잡습니다. 터널을 지나느라 연결이 끊긴 사람은 그 숫자를 들고 돌아와 아무것도 놓치지 않습니다.',
    '느리게 읽는 사람은 더 적고 더 긴 조각을 받으며, 아무도 그를 기다리지 않습니다. 쓰는 쪽은 누가 읽는지조차 모릅니다.',
    '마지막 낱말이 쓰이면 글은 그 비용과 함께 저장되고, 그다음에야 끝이 알려집니다. 그 순간부터 같은 숫자는 데이터베이스에서 이어 읽습니다.',
    '그래서 답의 주소는 영원히 하나입니다. 쓰이는 동안에도, 끝난 뒤에도, 서버가 죽었다 살아난 뒤에도.',
  ],
};

function write({ question, language }: Asked): string {
  const wanted = Number(
    /(\d+)\s*(?:paragraphs?|문단|단락)/iu.exec(question)?.[1] ?? PARAGRAPHS[language].length,
  );
  const many = Math.min(Math.max(wanted, 1), 200);
  return Array.from(
    { length: many },
    (_, index) => PARAGRAPHS[language][index % PARAGRAPHS[language].length],
  ).join('\n\n');
}

function fallback({ question, language }: Asked): string {
  const words = question.trim().split(/\s+/u).length;
  const characters = Array.from(question).length;
  return {
    en: `You wrote “${excerpt(question)}”: words: ${words}, characters: ${characters}. I am no language model and cannot say more to that; ask me what this server can do, or set OPENAI_API_KEY.`,
    ko: `“${excerpt(question)}”라고 쓰셨습니다. 낱말 ${words}개, 글자 ${characters}개입니다. 저는 언어 모델이 아니라서 더 드릴 말씀이 없습니다. 이 서버가 무엇을 할 수 있는지 물어보시거나 OPENAI_API_KEY를 설정해 주세요.`,
  }[language];
}

function excerpt(text: string): string {
  const line = text.trim().replace(/\s+/gu, ' ');
  return line.length <= 120 ? line : `${line.slice(0, 119).toWellFormed()}…`;
}
