/** What a Markdown page offers to links, and where its own links lead. */
export interface Page {
  /** Names after `#` that lead into it, as GitHub makes them of headings. */
  readonly anchors: ReadonlySet<string>;
  readonly links: readonly Link[];
}

export interface Link {
  readonly line: number;
  /** As it is written: `../adr/0001.md#context`. */
  readonly target: string;
}

const HEADING = /^#{1,6}\s+(.+?)\s*#*$/;
const FENCE = /^\s*(`{3,}|~{3,})/;
const INLINE_CODE = /(`+)(?!`).*?(?<!`)\1(?!`)/g;
/** `[text](target "title")`, also of images, and `[label]: target`. */
const LINK = /\]\(\s*<?([^\s)>]+)>?(?:\s+"[^"]*")?\s*\)|^\s*\[[^\]]+\]:\s*<?([^\s>]+)>?/g;
const EXPLICIT_ANCHOR = /<[^>]+\s(?:id|name)="([^"]+)"/g;

/** Reads the part of Markdown that this project's pages are written in: headings with `#`, fenced code, links within a line. */
export function readPage(text: string): Page {
  const anchors = new Set<string>();
  const links: Link[] = [];
  let fence: string | undefined;
  for (const [index, line] of text.split('\n').entries()) {
    const mark = FENCE.exec(line)?.[1];
    if (fence !== undefined) {
      if (mark?.startsWith(fence)) fence = undefined;
      continue;
    }
    if (mark !== undefined) {
      fence = mark;
      continue;
    }
    const heading = HEADING.exec(line)?.[1];
    if (heading !== undefined) addAnchor(anchors, anchorOf(heading));
    for (const [, id = ''] of line.matchAll(EXPLICIT_ANCHOR)) anchors.add(id);
    for (const [, inline, defined] of line.replaceAll(INLINE_CODE, '').matchAll(LINK)) {
      links.push({ line: index + 1, target: inline ?? defined ?? '' });
    }
  }
  return { anchors, links };
}

/**
 * The anchor that GitHub gives a heading: lower case, without links, marks and punctuation, spaces as hyphens.
 *
 * @see https://github.com/Flet/github-slugger, made from GitHub's own behaviour
 */
function anchorOf(heading: string): string {
  return heading
    .replaceAll(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
    .replaceAll(' ', '-');
}

/** A heading that comes again gets a number. */
function addAnchor(anchors: Set<string>, anchor: string): void {
  let unique = anchor;
  for (let number = 1; anchors.has(unique); number++) unique = `${anchor}-${number}`;
  anchors.add(unique);
}
