import type { ObserverCertificate } from '../consortium/index.ts';
import type { Environment, Timer } from '../environment/index.ts';
import { CERTIFICATE_LOOK_MICROS, CERTIFICATE_WARNING_SECONDS } from '../limits.ts';

/** How a certificate stands, for reports. */
export interface CertificateReport {
  /** Seconds since the Unix epoch. */
  readonly expiresAtSeconds: number;
  readonly state: 'valid' | 'expires-soon' | 'expired';
}

/** How a certificate stands at `nowSeconds`. */
export function reportCertificate({ expiresAtSeconds }: ObserverCertificate, nowSeconds: number): CertificateReport {
  const left = expiresAtSeconds - nowSeconds;
  return { expiresAtSeconds, state: left <= 0 ? 'expired' : left <= CERTIFICATE_WARNING_SECONDS ? 'expires-soon' : 'valid' };
}

export interface CertificateWatch {
  start(): void;
  stop(): void;
}

/**
 * Keeps an eye on this node's own certificate: a gauge (`certificate_left_seconds`), a warning from
 * CERTIFICATE_WARNING_SECONDS before its end, once a look, and an error when it has ended.
 */
export function createCertificateWatch(
  environment: Environment,
  certificate: () => ObserverCertificate | undefined,
): CertificateWatch {
  const { clock, log, metrics } = environment;
  let timer: Timer | undefined;

  const look = (): void => {
    const shown = certificate();
    if (shown === undefined) return;
    timer = clock.set(CERTIFICATE_LOOK_MICROS, look, "look at this node's certificate");
    const nowSeconds = Math.floor(clock.now() / 1_000_000);
    const { state, expiresAtSeconds } = reportCertificate(shown, nowSeconds);
    const left = expiresAtSeconds - nowSeconds;
    metrics.gauge('certificate_left_seconds', left);
    const fields = { expiresAtSeconds, daysLeft: Math.floor(left / 86_400), company: shown.company };
    if (state === 'expired') log.error('certificate.expired', fields);
    if (state === 'expires-soon') log.warn('certificate.expires-soon', fields);
  };

  return {
    start: look,
    stop() {
      if (timer !== undefined) clock.cancel(timer);
    },
  };
}
