import { csvOf } from '../../../../server/csv.ts';
import { dateWords } from '../language/format.ts';
import { isPeriod, type Series, type Widget } from './widget.ts';
import { dimensionWords, keyWords, seriesWords, titleOf, amountWords } from './widget-words.ts';

/** The numbers of a widget as rows: groups down, series across. Durations are in seconds. */
export function widgetCsv(widget: Widget, series: readonly Series[], asOf: string): string {
  const head = [
    widget.by === null ? dateOf(asOf) : dimensionWords[widget.by],
    ...series.map((each) => seriesWords(widget, each)),
  ];
  const rows = (series[0]?.points ?? []).map((point, place) => [
    isPeriod(widget.by)
      ? (point.key ?? '')
      : widget.by === null
        ? (point.name ?? titleOf(widget))
        : keyWords(widget.by, point),
    ...series.map((each) => String(each.points[place]?.value ?? '')),
  ]);
  return csvOf([head, ...rows]);
}

const size = { width: 960, height: 540 };
const margin = { top: 84, right: 32, bottom: 92, left: 96 };
const inTurn = ['#0c5560', '#2b62b3', '#c56a2c', '#7b8986', '#ab1f3d', '#586764'];
const ink = '#15211f';
const faint = '#586764';
const rules = 4;
const mostTicks = 12;
const longestTick = 14;

const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
const shortened = (text: string) => (text.length > longestTick ? `${text.slice(0, longestTick - 1)}…` : text);

/** A picture of a widget with title, axes, legend and date, in colours for paper. */
export function widgetSvg(widget: Widget, series: readonly Series[], asOf: string): string {
  const points = series[0]?.points ?? [];
  const width = size.width - margin.left - margin.right;
  const height = size.height - margin.top - margin.bottom;
  const isStacked = widget.split !== null && widget.kind !== 'LINE';
  const valueAt = (each: Series, place: number) => each.points[place]?.value ?? 0;
  const tops = points.map((_, place) =>
    isStacked
      ? series.reduce((sum, each) => sum + valueAt(each, place), 0)
      : Math.max(0, ...series.map((each) => valueAt(each, place))),
  );
  const step = niceStep(Math.max(1, ...tops) / rules);
  const most = Math.ceil(Math.max(1, ...tops) / step) * step;
  const band = width / Math.max(1, points.length);
  const y = (value: number) => margin.top + height - (value / most) * height;
  const parts: string[] = [];
  for (let value = 0; value <= most; value += step) {
    parts.push(`<path d="M${margin.left},${y(value)}h${width}" stroke="#d9dfdc"/>`);
    parts.push(text(margin.left - 12, y(value) + 5, amountWords(widget, value), 'end', faint));
  }
  points.forEach((point, place) => {
    let from = 0;
    series.forEach((each, index) => {
      const value = valueAt(each, place);
      const part = (band * 0.75) / (isStacked ? 1 : series.length);
      const x = margin.left + band * place + band * 0.125 + (isStacked ? 0 : part * index);
      const color = inTurn[index % inTurn.length];
      parts.push(
        `<rect x="${x}" y="${y(from + value)}" width="${part}" height="${y(from) - y(from + value)}" fill="${color}"/>`,
      );
      if (isStacked) from += value;
    });
    if (place % Math.ceil(points.length / mostTicks) === 0) {
      const label =
        widget.by === null
          ? shortened(point.name ?? '')
          : shortened(isPeriod(widget.by) ? (point.key ?? '') : keyWords(widget.by, point));
      parts.push(text(margin.left + band * (place + 0.5), margin.top + height + 22, label, 'middle', faint));
    }
  });
  series.forEach((each, index) => {
    const x = margin.left + (index % 5) * 160;
    const line = size.height - 34 + Math.floor(index / 5) * 18;
    parts.push(
      `<rect x="${x}" y="${line - 11}" width="12" height="12" rx="3" fill="${inTurn[index % inTurn.length]}"/>`,
    );
    parts.push(text(x + 18, line, shortened(seriesWords(widget, each)), 'start', ink));
  });
  const by = widget.by === null ? '' : dimensionWords[widget.by];
  parts.push(text(margin.left + width / 2, margin.top + height + 46, by, 'middle', ink));
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${size.width}" height="${size.height}" viewBox="0 0 ${size.width} ${size.height}" font-family="system-ui, sans-serif" font-size="13">
<rect width="100%" height="100%" fill="#ffffff"/>
<text x="${margin.left}" y="38" font-size="20" font-weight="600" fill="${ink}">${escaped(titleOf(widget))}</text>
${text(margin.left, 60, dateOf(asOf), 'start', faint)}
${parts.join('\n')}
</svg>
`;
}

function text(x: number, y: number, words: string, anchor: string, fill: string): string {
  return `<text x="${x}" y="${y}" text-anchor="${anchor}" fill="${fill}">${escaped(words)}</text>`;
}

/** 1, 2 or 5 times a power of ten; whole, since tasks are. */
function niceStep(atLeast: number): number {
  const power = 10 ** Math.floor(Math.log10(atLeast));
  return Math.max(1, ([1, 2, 5, 10].find((each) => each * power >= atLeast) ?? 10) * power);
}

function dateOf(day: string): string {
  return dateWords(new Date(day), { dateStyle: 'long', timeZone: 'UTC' });
}

/** A picture in pixels, twice the size of the drawing. */
export async function pngOf(svg: string): Promise<Blob> {
  const scale = 2;
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = document.createElement('canvas');
  canvas.width = size.width * scale;
  canvas.height = size.height * scale;
  canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new TypeError('no picture'))), 'image/png'),
  );
}

export function saveFile(name: string, blob: Blob): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
