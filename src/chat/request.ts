import type { Settings } from '../db/values.ts';
import { InvalidInput } from '../failure.ts';
import { refusedParameter } from '../model/reasoning.ts';
import type { ReplyRequest } from '../model/request.ts';
import type { Chat, Conversation } from './chat.ts';
import { choosePrompt, type Context, type PromptInput } from './prompt.ts';

/** What somebody wants of the model. */
export interface Wish {
  /** Null: the model replies once more to the last message of the branch. */
  message: { content: string; tokens: number } | null;
  model?: string | null | undefined;
  settings?: Settings | null | undefined;
  n: number;
}

/**
 * Puts together what is sent to the chat API: for this request alone, over the conversation's own, over the API's default.
 * @throws InvalidInput, ContextLengthExceeded
 */
export async function prepareRequest(
  chat: Chat,
  wish: Wish,
  conversation: Pick<Conversation, 'model' | 'settings' | 'systemPrompt'>,
  history: Pick<PromptInput, 'newest' | 'earlier'>,
): Promise<{ request: ReplyRequest; context: Context }> {
  const model = wish.model ?? conversation.model ?? chat.settings.OPENAI_MODEL;
  chat.check({ model });
  const settings = { ...conversation.settings, ...given(wish.settings) };
  const refused = refusedParameter(model, settings);
  if (refused)
    throw new InvalidInput(['settings', refused], `The reasoning model ${model} does not take ${refused}.`);
  const { prompt, context } = await choosePrompt({
    model,
    contextWindow: chat.prices.of(model).contextWindow,
    maxTokens: settings.maxTokens ?? null,
    systemPrompts: [chat.settings.SYSTEM_PROMPT, conversation.systemPrompt].filter((text) => text != null),
    message: wish.message,
    ...history,
  });
  return { request: { model, messages: prompt, settings, n: wish.n }, context };
}

/** Null is what was not said: what the conversation has goes on to hold. */
function given(settings: Settings | null | undefined): Settings {
  return Object.fromEntries(Object.entries(settings ?? {}).filter(([, value]) => value != null));
}
