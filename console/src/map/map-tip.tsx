import { latitudeText, longitudeText, shortHash } from '../format/text.ts';
import type { Pick, Scene } from './scene.ts';
import { type MapViewport, type Size, screenX, screenY } from './view.ts';

interface MapTipProps {
  readonly scene: Scene;
  readonly marked: Pick;
  readonly view: MapViewport;
  readonly size: Size;
}

/** Says what the pointer is on. */
export function MapTip({ scene, marked, view, size }: MapTipProps) {
  const points = marked.kind === 'node' ? scene.nodes : scene.devices;
  const { index } = marked;
  const left = screenX(view, size, points.x[index] ?? 0);
  const top = screenY(view, size, points.y[index] ?? 0);
  const columns = marked.kind === 'node' ? scene.map.nodes : scene.map.devices;
  const position = `${latitudeText(columns.latitude[index] ?? 0)}, ${longitudeText(columns.longitude[index] ?? 0)}`;
  const side = left > size.width - 230 ? 'map-tip map-tip-left' : 'map-tip';
  return (
    <div className={side} style={{ left, top: Math.min(Math.max(top, 20), size.height - 70) }}>
      {marked.kind === 'node' ? <NodeTip scene={scene} index={index} /> : <DeviceTip scene={scene} index={index} />}
      <div className="faint">{position}</div>
    </div>
  );
}

function NodeTip({ scene: { map }, index }: { readonly scene: Scene; readonly index: number }) {
  const { nodes } = map;
  return (
    <>
      <strong>{nodes.name[index]}</strong>
      <div>
        {map.companies[nodes.company[index] ?? -1]} · {nodes.busy[index]} of {nodes.capacity[index]} places taken
      </div>
    </>
  );
}

function DeviceTip({ scene: { map }, index }: { readonly scene: Scene; readonly index: number }) {
  const address = map.devices.address[index] ?? '';
  return (
    <>
      <strong>{map.devices.name[index] ?? shortHash(address)}</strong>
      <div>device</div>
    </>
  );
}
