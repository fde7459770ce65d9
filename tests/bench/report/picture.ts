/** Time against size as a picture: a small SVG that needs no library and reads in any browser and on GitHub. */
import { toPoint, type SizeSeries } from './size-series.ts';
import type { Point } from './line-fit.ts';

const WIDTH = 640;
const HEIGHT = 400;
const MARGIN = { left: 64, right: 24, top: 48, bottom: 56 };
const INK = '#24292f';
const FAINT = '#d0d7de';
const BLUE = '#0969da';
const TICKS = 7;

export function drawPicture(series: SizeSeries): string {
  const points = series.points.map(toPoint);
  const largest = Math.max(...points.map(({ x }) => x));
  const xs = axis(largest);
  const ys = axis(Math.max(...points.map(({ y }) => y)));
  const place = ({ x, y }: Point): Point => ({
    x: MARGIN.left + (x / xs.end) * (WIDTH - MARGIN.left - MARGIN.right),
    y: HEIGHT - MARGIN.bottom - (y / ys.end) * (HEIGHT - MARGIN.top - MARGIN.bottom),
  });
  const { line } = series;
  const at = (x: number): Point => place({ x, y: line ? line.intercept + line.slope * x : 0 });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="13" fill="${INK}">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    `<text x="${MARGIN.left}" y="26" font-size="15">Seconds that a dump takes, by size of the database</text>`,
    ...xs.ticks.flatMap((x) => vertical(place({ x, y: 0 }), place({ x, y: ys.end }), String(x))),
    ...ys.ticks.flatMap((y) => horizontal(place({ x: 0, y }), place({ x: xs.end, y }), String(y))),
    `<text x="${WIDTH - MARGIN.right}" y="${HEIGHT - 14}" text-anchor="end">GB in the database</text>`,
    `<text x="${MARGIN.left - 40}" y="${MARGIN.top - 6}" font-size="12">s</text>`,
    ...(line ? [segment(at(Math.max(0, -line.intercept / line.slope)), at(largest), BLUE)] : []),
    ...points.flatMap((point) => mark(place(point), `${point.y.toFixed(2)} s`)),
    '</svg>',
    '',
  ].join('\n');
}

/** Round steps from 0 to a round end. */
function axis(largest: number): { end: number; ticks: number[] } {
  const rough = largest / TICKS;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10) * power;
  const count = Math.ceil(largest / step + 0.2);
  // Steps below 1 would carry the noise of binary fractions.
  const ticks = Array.from({ length: count + 1 }, (_, index) => Number((index * step).toPrecision(6)));
  return { end: count * step, ticks };
}

function vertical(from: Point, to: Point, label: string): string[] {
  return [segment(from, to, FAINT), text({ x: from.x, y: from.y + 20 }, 'middle', label)];
}

function horizontal(from: Point, to: Point, label: string): string[] {
  return [segment(from, to, FAINT), text({ x: from.x - 8, y: from.y + 4 }, 'end', label)];
}

function mark(at: Point, label: string): string[] {
  const circle = `<circle cx="${at.x.toFixed(1)}" cy="${at.y.toFixed(1)}" r="4.5" fill="${BLUE}"/>`;
  return [circle, text({ x: at.x + 9, y: at.y + 16 }, 'start', label)];
}

function segment(from: Point, to: Point, colour: string): string {
  const [x1, y1, x2, y2] = [from.x, from.y, to.x, to.y].map((value) => value.toFixed(1));
  return `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" stroke="${colour}" stroke-width="1.5"/>`;
}

function text({ x, y }: Point, anchor: string, content: string): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}">${content}</text>`;
}
