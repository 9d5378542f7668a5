/** A fenced block of a Markdown page. */
export interface Block {
  /** What stands after the fence: `yaml`, `console`. */
  readonly language: string;
  /** Of its first line, counted from 1. */
  readonly line: number;
  readonly text: string;
}

/** The fenced blocks of a page that begin at the start of a line, in order. */
export function readBlocks(page: string): Block[] {
  return [...page.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(
    ({ index, 1: language = '', 2: text = '' }) => ({
      language,
      line: page.slice(0, index).split('\n').length + 1,
      text,
    }),
  );
}
