import type { Theme } from '../theme.ts';
import { latitudeAt, longitudeAt, mercatorX, mercatorY, metresPerUnit } from './mercator.ts';
import { companyColour } from './palette.ts';
import type { Pick, Points, Scene } from './scene.ts';
import { type MapViewport, type Size, screenX, screenY } from './view.ts';

export interface Frame {
  readonly context: CanvasRenderingContext2D;
  readonly size: Size;
  readonly view: MapViewport;
  readonly theme: Theme;
  readonly colour: (name: string) => string;
  readonly font: string;
}

/** Draws everything: graticule, nodes, matches, devices, the marked thing, the scale bar. */
export function draw(frame: Frame, scene: Scene, hidden: ReadonlySet<number>, marked: Pick | undefined): void {
  const { context, size } = frame;
  context.clearRect(0, 0, size.width, size.height);
  context.fillStyle = frame.colour('--water');
  context.fillRect(0, 0, size.width, size.height);
  drawGraticule(frame);
  drawNodes(frame, scene, hidden);
  drawMatches(frame, scene);
  drawDevices(frame, scene);
  if (marked !== undefined) drawMarked(frame, marked.kind === 'node' ? scene.nodes : scene.devices, marked);
  drawScaleBar(frame);
}

const STEPS = [0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30];
const GRID_PIXELS = 110;
const GRID_LINES_MAX = 80;

function drawGraticule(frame: Frame): void {
  const { context, size, view } = frame;
  const step = STEPS.find((degrees) => (degrees / 360) * view.scale >= GRID_PIXELS) ?? 30;
  const places = Math.max(0, Math.ceil(-Math.log10(step)));
  const west = longitudeAt(view.x - size.width / 2 / view.scale);
  const east = longitudeAt(view.x + size.width / 2 / view.scale);
  const north = latitudeAt(view.y - size.height / 2 / view.scale);
  const south = latitudeAt(view.y + size.height / 2 / view.scale);
  context.strokeStyle = frame.colour('--line-strong');
  context.globalAlpha = 0.6;
  context.lineWidth = 1;
  context.beginPath();
  const meridians = multiples(Math.max(west, -180), Math.min(east, 180), step);
  const parallels = multiples(Math.max(south, -85), Math.min(north, 85), step);
  for (const degrees of meridians) {
    const x = Math.round(screenX(view, size, mercatorX(degrees))) + 0.5;
    context.moveTo(x, 0);
    context.lineTo(x, size.height);
  }
  for (const degrees of parallels) {
    const y = Math.round(screenY(view, size, mercatorY(degrees))) + 0.5;
    context.moveTo(0, y);
    context.lineTo(size.width, y);
  }
  context.stroke();
  context.globalAlpha = 1;
  context.fillStyle = frame.colour('--faint');
  context.font = `11px ${frame.font}`;
  context.textBaseline = 'alphabetic';
  context.textAlign = 'left';
  for (const degrees of meridians) {
    const x = screenX(view, size, mercatorX(degrees));
    if (x > 60 && x < size.width - 60)
      context.fillText(`${Math.abs(degrees).toFixed(places)}°${degrees < 0 ? 'W' : 'E'}`, x + 4, 14);
  }
  for (const degrees of parallels) {
    const y = screenY(view, size, mercatorY(degrees));
    if (y > 30 && y < size.height - 44)
      context.fillText(`${Math.abs(degrees).toFixed(places)}°${degrees < 0 ? 'S' : 'N'}`, 6, y - 4);
  }
}

function multiples(from: number, to: number, step: number): number[] {
  const first = Math.ceil(from / step);
  const count = Math.min(GRID_LINES_MAX, Math.max(0, Math.floor(to / step) - first + 1));
  return Array.from({ length: count }, (_, at) => (first + at) * step);
}

function drawMatches(frame: Frame, scene: Scene): void {
  const { context, size, view } = frame;
  context.strokeStyle = frame.colour('--ink');
  context.lineWidth = 1.2;
  const count = scene.matches.length;
  // Oldest first, so that the newest lie on top and are the strongest.
  for (let at = count - 1; at >= 0; at--) {
    const match = scene.matches[at];
    if (match === undefined) continue;
    context.globalAlpha = 0.1 + 0.6 * (1 - at / count);
    context.beginPath();
    context.moveTo(screenX(view, size, match.fromX), screenY(view, size, match.fromY));
    context.lineTo(screenX(view, size, match.toX), screenY(view, size, match.toY));
    context.stroke();
  }
  context.globalAlpha = 1;
}

// Hollow, so that a node below a device is still seen.
function drawDevices(frame: Frame, { nodes, devices }: Scene): void {
  const { context } = frame;
  context.strokeStyle = frame.colour('--soft');
  context.globalAlpha = 0.7;
  context.lineWidth = 1;
  const radius = Math.max(1.6, Math.min(4, radiusOf(frame, nodes), radiusOf(frame, devices)));
  context.beginPath();
  eachOnScreen(frame, devices, (x, y) => context.rect(x - radius, y - radius, 2 * radius, 2 * radius));
  context.stroke();
  context.globalAlpha = 1;
}

function drawNodes(frame: Frame, scene: Scene, hidden: ReadonlySet<number>): void {
  const { context, theme } = frame;
  const radius = radiusOf(frame, scene.nodes);
  context.strokeStyle = frame.colour('--surface');
  context.lineWidth = radius > 3 ? 1.2 : 0.5;
  // One colour at a time: changing the fill for each of 10,000 points would cost more than drawing them.
  for (let company = 0; company < scene.map.companies.length; company++) {
    if (hidden.has(company)) continue;
    context.fillStyle = companyColour(company, theme);
    eachOnScreen(frame, scene.nodes, (x, y, index) => {
      if (scene.map.nodes.company[index] !== company) return;
      context.beginPath();
      context.arc(x, y, radius, 0, 2 * Math.PI);
      context.fill();
      context.stroke();
    });
  }
}

/** Points shrink when they are many on the screen, so that 10,000 still read as a distribution. */
function radiusOf(frame: Frame, points: Points): number {
  let shown = 0;
  eachOnScreen(frame, points, () => {
    shown += 1;
  });
  const area = frame.size.width * frame.size.height;
  return Math.max(1.8, Math.min(6, 0.22 * Math.sqrt(area / Math.max(1, shown))));
}

function eachOnScreen({ size, view }: Frame, points: Points, visit: (x: number, y: number, index: number) => void): void {
  for (let index = 0; index < points.x.length; index++) {
    const x = screenX(view, size, points.x[index] as number);
    const y = screenY(view, size, points.y[index] as number);
    if (x > -8 && y > -8 && x < size.width + 8 && y < size.height + 8) visit(x, y, index);
  }
}

function drawMarked(frame: Frame, points: Points, marked: Pick): void {
  const { context, size, view } = frame;
  const x = screenX(view, size, points.x[marked.index] as number);
  const y = screenY(view, size, points.y[marked.index] as number);
  context.strokeStyle = frame.colour('--ink');
  context.lineWidth = 2;
  context.beginPath();
  context.arc(x, y, 9, 0, 2 * Math.PI);
  context.stroke();
}

function drawScaleBar(frame: Frame): void {
  const { context, size, view } = frame;
  const metresPerPixel = metresPerUnit(latitudeAt(view.y)) / view.scale;
  const longest = metresPerPixel * 130;
  const power = 10 ** Math.floor(Math.log10(longest));
  const metres = [5, 2, 1].map((factor) => factor * power).find((length) => length <= longest) ?? power;
  const width = metres / metresPerPixel;
  const y = size.height - 16.5;
  context.strokeStyle = frame.colour('--ink');
  context.fillStyle = frame.colour('--ink');
  context.lineWidth = 1.5;
  context.beginPath();
  context.moveTo(14, y - 5);
  context.lineTo(14, y);
  context.lineTo(14 + width, y);
  context.lineTo(14 + width, y - 5);
  context.stroke();
  context.font = `11px ${frame.font}`;
  context.textAlign = 'left';
  context.fillText(metres >= 1000 ? `${metres / 1000} km` : metres >= 1 ? `${metres} m` : `${metres * 100} cm`, 19, y - 5);
}
