import { invariant, TreadleError } from '../../errors.ts';
import { TASK_INPUT_BYTES_MAX, TASK_OUTPUT_BYTES_MAX } from '../../limits.ts';
import type { Service, ServiceInput } from './service.ts';

/** The services that one edge node offers. */
export interface ServiceRegistry {
  /** Names in the order given. */
  readonly names: readonly string[];
  /**
   * The service for this input.
   * @throws TreadleError SERVICE_UNKNOWN | SERVICE_MEDIA_TYPE | SERVICE_INPUT_TOO_LARGE
   */
  select(name: string, input: Pick<ServiceInput, 'mediaType' | 'bytes'>): Service;
}

/** Collects services under their names; two of one name, or limits above those of the task protocol, are a defect. */
export function createServiceRegistry(services: readonly Service[]): ServiceRegistry {
  const byName = new Map<string, Service>();
  for (const service of services) {
    invariant(!byName.has(service.name), 'a service name is unique', { name: service.name });
    invariant(service.inputBytesMax <= TASK_INPUT_BYTES_MAX, 'a service takes no more than a task may bring');
    invariant(service.outputBytesMax <= TASK_OUTPUT_BYTES_MAX, 'a service returns no more than a task may return');
    byName.set(service.name, service);
  }
  return {
    names: [...byName.keys()],
    select(name, input) {
      const service = byName.get(name);
      if (service === undefined) {
        throw new TreadleError('SERVICE_UNKNOWN', {
          detail: `This node does not offer ${JSON.stringify(name.slice(0, 80))}`,
          data: { offered: [...byName.keys()] },
        });
      }
      if (!service.inputMediaTypes.includes(input.mediaType)) {
        throw new TreadleError('SERVICE_MEDIA_TYPE', {
          detail: `${name} does not take ${JSON.stringify(input.mediaType.slice(0, 80))}`,
          data: { taken: service.inputMediaTypes },
        });
      }
      if (input.bytes.length > service.inputBytesMax) {
        throw new TreadleError('SERVICE_INPUT_TOO_LARGE', {
          detail: `${name} takes ${service.inputBytesMax} bytes, the input has ${input.bytes.length}`,
          data: { inputBytes: input.bytes.length, inputBytesMax: service.inputBytesMax },
        });
      }
      return service;
    },
  };
}
