/** A language model behind an OpenAI-compatible endpoint. */
export interface ModelSettings {
  baseUrl: string;
  apiKey: string | undefined;
  name: string;
}

export interface AssistantSettings {
  /** Null if none is set: then only commands work. */
  model: ModelSettings | null;
  /** Per person and day (UTC); 0 means no limit. */
  tokensPerDay: number;
  /** Milliseconds without anything from the model. */
  silenceMs: number;
}

/** What the API needs of the assistant. */
export interface AssistantControl {
  hasModel: boolean;
  /** Looks for messages that wait for a reply. */
  wake(): void;
}
