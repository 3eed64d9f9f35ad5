import type { PeerEvent } from './environment.ts';

/**
 * Tells listeners about peers, in order. What happens within a call of the owner's own code is told soon after it, so that
 * nobody is called from within its own call; what must be known before the next message is told now.
 */
export class PeerEvents {
  private readonly listeners: ((event: PeerEvent) => void)[] = [];
  private readonly waiting: PeerEvent[] = [];
  private readonly defer: (action: () => void) => void;

  /** @param defer - runs an action after the present call */
  constructor(defer: (action: () => void) => void) {
    this.defer = defer;
  }

  listen(listener: (event: PeerEvent) => void): void {
    this.listeners.push(listener);
  }

  soon(event: PeerEvent): void {
    this.waiting.push(event);
    this.defer(() => this.flush());
  }

  now(event: PeerEvent): void {
    this.waiting.push(event);
    this.flush();
  }

  private flush(): void {
    for (let event = this.waiting.shift(); event !== undefined; event = this.waiting.shift()) {
      for (const listener of this.listeners) listener(event);
    }
  }
}
