import { createRequire } from 'node:module';
import type { OPCUAClientOptions } from 'node-opcua-client';

export type CertificateStore = NonNullable<OPCUAClientOptions['clientCertificateManager']>;

interface StoreModule {
  readonly OPCUACertificateManager: new (options: {
    readonly rootFolder: string;
    readonly automaticallyAcceptUnknownCertificate: boolean;
  }) => CertificateStore;
}

/**
 * Opens, or makes, the folder in which this node's own key and certificate for OPC UA are and those that it trusts.
 *
 * @param trusted - the server's certificate (DER); without one, any server is taken
 */
export async function openCertificateStore(rootFolder: string, trusted: Uint8Array | undefined): Promise<CertificateStore> {
  // The client has this package but does not hand it on; without it, it would use a folder of the user's home.
  const ofClient = createRequire(createRequire(import.meta.url).resolve('node-opcua-client'));
  const { OPCUACertificateManager } = ofClient('node-opcua-certificate-manager') as StoreModule;
  const store = new OPCUACertificateManager({ rootFolder, automaticallyAcceptUnknownCertificate: trusted === undefined });
  await store.initialize();
  if (trusted !== undefined) await store.trustCertificate(Buffer.from(trusted));
  return store;
}
