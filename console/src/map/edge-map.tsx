import { type KeyboardEvent, type PointerEvent, useEffect, useMemo, useRef, useState } from 'react';
import type { MapView } from '../../../src/node/api/types.ts';
import { counted } from '../format/text.ts';
import { navigate } from '../router.tsx';
import { useTheme } from '../theme.ts';
import { draw } from './draw.ts';
import { Legend } from './legend.tsx';
import { MapTip } from './map-tip.tsx';
import { type Pick, pickAt, sceneOf } from './scene.ts';
import { extentOf, type MapViewport, pan, type Size, viewOfExtent, zoom } from './view.ts';

const PICK_PIXELS = 11;
const KEY_PAN_PIXELS = 60;
const KEY_ZOOM = 1.5;
/** A press that moves less than this is a click. */
const CLICK_PIXELS = 4;

/** Edge nodes, devices and recent matches on a drawn map: drag, wheel, pinch-free buttons and keys move it. */
export function EdgeMap({ map, tall = false }: { readonly map: MapView; readonly tall?: boolean }) {
  const scene = useMemo(() => sceneOf(map), [map]);
  const [hidden, setHidden] = useState<ReadonlySet<number>>(new Set());
  const [marked, setMarked] = useState<Pick>();
  const canvas = useRef<HTMLCanvasElement>(null);
  const size = useCanvasSize(canvas);
  const [moved, setMoved] = useState<MapViewport>();
  const press = useRef<{ x: number; y: number; travelled: number }>(undefined);
  const theme = useTheme();

  // Until the reader moves the map, it follows the data.
  const view = useMemo<MapViewport>(() => {
    if (moved !== undefined) return moved;
    const extent = extentOf([scene.nodes, scene.devices]);
    return extent === undefined ? { x: 0.5, y: 0.4, scale: 600 } : viewOfExtent(extent, size);
  }, [moved, scene, size]);

  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext('2d');
    if (element == null || context == null || size.width === 0) return undefined;
    const request = requestAnimationFrame(() => {
      const ratio = window.devicePixelRatio || 1;
      element.width = Math.round(size.width * ratio);
      element.height = Math.round(size.height * ratio);
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      const style = getComputedStyle(element);
      draw(
        { context, size, view, theme, colour: (name) => style.getPropertyValue(name).trim(), font: style.fontFamily },
        scene,
        hidden,
        marked,
      );
    });
    return () => cancelAnimationFrame(request);
  }, [scene, hidden, marked, view, size, theme]);

  useWheel(canvas, (at, factor) => setMoved(zoom(view, size, factor, at)));

  const place = (event: PointerEvent): { x: number; y: number } => {
    const box = event.currentTarget.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const find = (at: { x: number; y: number }): Pick | undefined =>
    pickAt(
      scene,
      hidden,
      { x: view.x + (at.x - size.width / 2) / view.scale, y: view.y + (at.y - size.height / 2) / view.scale },
      PICK_PIXELS / view.scale,
    );

  const onPointerDown = (event: PointerEvent): void => {
    event.currentTarget.setPointerCapture(event.pointerId);
    press.current = { ...place(event), travelled: 0 };
  };
  const onPointerMove = (event: PointerEvent): void => {
    const at = place(event);
    const held = press.current;
    if (held === undefined) {
      const found = find(at);
      if (found?.kind !== marked?.kind || found?.index !== marked?.index) setMarked(found);
      return;
    }
    const [dx, dy] = [at.x - held.x, at.y - held.y];
    press.current = { ...at, travelled: held.travelled + Math.abs(dx) + Math.abs(dy) };
    setMoved(pan(view, dx, dy));
  };
  const onPointerUp = (event: PointerEvent): void => {
    const clicked = press.current !== undefined && press.current.travelled < CLICK_PIXELS;
    press.current = undefined;
    const found = clicked ? find(place(event)) : undefined;
    if (found !== undefined) open(map, found);
  };
  const middle = { x: size.width / 2, y: size.height / 2 };
  const onKeyDown = (event: KeyboardEvent): void => {
    const next = keyMove(event.key, view, size, middle);
    if (next === undefined) return;
    event.preventDefault();
    setMoved(next === 'fit' ? undefined : next);
  };

  const companies = counted(map.companies.length, 'company', 'companies');
  const points = `${counted(map.nodes.id.length, 'edge node')} of ${companies} and ${counted(map.devices.address.length, 'device')}`;
  const label = `Map of ${points}; arrow keys move it, plus and minus zoom, 0 shows everything`;
  return (
    <div className="map">
      <div className={tall ? 'map-box map-tall' : 'map-box'}>
        <canvas
          ref={canvas}
          tabIndex={0}
          role="img"
          aria-label={label}
          data-testid="map"
          data-nodes={map.nodes.id.length}
          data-scale={Math.round(view.scale)}
          className={marked === undefined ? '' : 'map-pointing'}
          onPointerDown={onPointerDown}
          onPointerMove={onPointerMove}
          onPointerUp={onPointerUp}
          onPointerLeave={() => setMarked(undefined)}
          onKeyDown={onKeyDown}
        />
        {marked === undefined ? null : <MapTip scene={scene} marked={marked} view={view} size={size} />}
        <div className="map-buttons">
          <button type="button" className="button" aria-label="Zoom in" onClick={() => setMoved(zoom(view, size, 1.6, middle))}>
            +
          </button>
          <button
            type="button"
            className="button"
            aria-label="Zoom out"
            onClick={() => setMoved(zoom(view, size, 1 / 1.6, middle))}
          >
            −
          </button>
          <button
            type="button"
            className="button"
            aria-label="Show everything"
            title="Show everything"
            onClick={() => setMoved(undefined)}
          >
            ⤢
          </button>
        </div>
      </div>
      <Legend map={map} hidden={hidden} onToggle={setHidden} />
    </div>
  );
}

function open(map: MapView, found: Pick): void {
  const id = found.kind === 'node' ? map.nodes.id[found.index] : map.devices.address[found.index];
  if (id !== undefined) navigate(`${found.kind === 'node' ? '/edge-nodes/' : '/devices/'}${encodeURIComponent(id)}`);
}

function keyMove(
  key: string,
  view: MapViewport,
  size: Size,
  middle: { readonly x: number; readonly y: number },
): MapViewport | 'fit' | undefined {
  switch (key) {
    case 'ArrowLeft':
      return pan(view, KEY_PAN_PIXELS, 0);
    case 'ArrowRight':
      return pan(view, -KEY_PAN_PIXELS, 0);
    case 'ArrowUp':
      return pan(view, 0, KEY_PAN_PIXELS);
    case 'ArrowDown':
      return pan(view, 0, -KEY_PAN_PIXELS);
    case '+':
    case '=':
      return zoom(view, size, KEY_ZOOM, middle);
    case '-':
      return zoom(view, size, 1 / KEY_ZOOM, middle);
    case '0':
      return 'fit';
    default:
      return undefined;
  }
}

function useCanvasSize(canvas: { readonly current: HTMLCanvasElement | null }): Size {
  const [size, setSize] = useState<Size>({ width: 0, height: 0 });
  useEffect(() => {
    const element = canvas.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(([entry]) => {
      if (entry !== undefined) setSize({ width: entry.contentRect.width, height: entry.contentRect.height });
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [canvas]);
  return size;
}

// React registers wheel handlers as passive, so that they could not keep the page from scrolling.
function useWheel(
  canvas: { readonly current: HTMLCanvasElement | null },
  onZoom: (at: { x: number; y: number }, factor: number) => void,
): void {
  const handler = useRef(onZoom);
  handler.current = onZoom;
  useEffect(() => {
    const element = canvas.current;
    if (element === null) return undefined;
    const wheel = (event: WheelEvent): void => {
      event.preventDefault();
      const box = element.getBoundingClientRect();
      handler.current({ x: event.clientX - box.left, y: event.clientY - box.top }, Math.exp(-event.deltaY * 0.0016));
    };
    element.addEventListener('wheel', wheel, { passive: false });
    return () => element.removeEventListener('wheel', wheel);
  }, [canvas]);
}
