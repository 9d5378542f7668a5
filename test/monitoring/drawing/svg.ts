/** Where something is drawn, in pixels. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export const COLOURS = {
  page: '#111217',
  panel: '#181b1f',
  line: '#2c3235',
  text: '#ccccdc',
  faint: '#8e8e99',
  green: '#1a7f4b',
  orange: '#c4620a',
  red: '#c4162a',
  blue: '#1f60c4',
} as const;

/** Grafana's classic palette. */
const PALETTE = [
  '#7EB26D',
  '#EAB839',
  '#6ED0E0',
  '#EF843C',
  '#E24D42',
  '#1F78C1',
  '#BA43A9',
  '#705DA0',
  '#508642',
  '#CCA300',
];

export function seriesColour(index: number): string {
  return PALETTE[index % PALETTE.length] ?? COLOURS.text;
}

interface TextStyle {
  readonly size?: number;
  readonly colour?: string;
  readonly anchor?: 'start' | 'middle' | 'end';
  readonly weight?: number;
}

export function text(x: number, y: number, content: string, style: TextStyle = {}): string {
  const { size = 12, colour = COLOURS.text, anchor = 'start', weight = 400 } = style;
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<text x="${round(x)}" y="${round(y)}" font-size="${size}" fill="${colour}" text-anchor="${anchor}" font-weight="${weight}">${escaped}</text>`;
}

export function rectangle({ x, y, width, height }: Box, fill: string, radius = 0): string {
  return `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" fill="${fill}" rx="${radius}"/>`;
}

export function line(x1: number, y1: number, x2: number, y2: number): string {
  return `<path d="M${round(x1)} ${round(y1)}L${round(x2)} ${round(y2)}" stroke="${COLOURS.line}"/>`;
}

/** About what a text takes: no font is asked. */
export function textWidth(content: string, size = 12): number {
  return content.length * size * 0.56;
}

/** As much of a text as a width takes. */
export function cutText(content: string, width: number, size = 12): string {
  const characters = Math.floor(width / (size * 0.56));
  return content.length <= characters ? content : `${content.slice(0, Math.max(characters - 1, 0))}…`;
}

/** A tenth of a pixel is exact enough, and short. */
export function round(value: number): number {
  return Math.round(value * 10) / 10;
}
