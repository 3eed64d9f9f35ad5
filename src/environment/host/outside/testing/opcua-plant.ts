import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataType, StatusCodes, Variant, VariantArrayType } from 'node-opcua-client';
import { OPCUAServer, type OPCUAServerOptions } from 'node-opcua-server';

/** An OPC UA server of a test with the variables of an oven. */
export interface OpcUaPlant {
  readonly endpoint: string;
  /** What a client needs to trust it. */
  readonly certificateFile: string;
  readonly sessions: () => number;
  setTemperature(celsius: number): void;
  close(): Promise<void>;
}

type CertificateManager = NonNullable<OPCUAServerOptions['serverCertificateManager']>;

/** @param port - 0 for any free one */
export async function startPlant(port = 0): Promise<OpcUaPlant> {
  const folder = await mkdtemp(join(tmpdir(), 'treadle-opcua-'));
  const ofServer = createRequire(createRequire(import.meta.url).resolve('node-opcua-server'));
  const { OPCUACertificateManager } = ofServer('node-opcua-certificate-manager') as {
    readonly OPCUACertificateManager: new (options: object) => CertificateManager;
  };
  const { nodesets } = ofServer('node-opcua-nodesets') as { readonly nodesets: { readonly standard: string } };
  const certificates = (name: string) =>
    new OPCUACertificateManager({ rootFolder: join(folder, name), automaticallyAcceptUnknownCertificate: true });
  const server = new OPCUAServer({
    port,
    host: '127.0.0.1',
    hostname: '127.0.0.1',
    serverCertificateManager: certificates('server'),
    userCertificateManager: certificates('users'),
    nodeset_filename: [nodesets.standard],
    allowAnonymous: true,
    userManager: { isValidUser: (user: string, password: string) => user === 'reader' && password === 'secret' },
  });
  await server.initialize();
  const { addressSpace } = server.engine;
  if (addressSpace === null) throw new Error('the server has no address space');
  const namespace = addressSpace.getOwnNamespace();
  const add = (name: string, dataType: string, value: Variant) =>
    namespace.addVariable({
      organizedBy: addressSpace.rootFolder.objects,
      browseName: name,
      nodeId: `s=${name}`,
      dataType,
      value,
    });
  const temperature = add('Temperature', 'Double', new Variant({ dataType: DataType.Double, value: 21.5 }));
  add(
    'Count',
    'Int64',
    new Variant({ dataType: DataType.Int64, arrayType: VariantArrayType.Scalar, value: [0xffffffff, 0xfffffffe] }),
  );
  add('Name', 'LocalizedText', new Variant({ dataType: DataType.LocalizedText, value: { locale: 'en', text: 'Oven' } }));
  const curve = { dataType: DataType.Float, arrayType: VariantArrayType.Array, value: new Float32Array([1, 2.5]) };
  namespace.addVariable({
    organizedBy: addressSpace.rootFolder.objects,
    browseName: 'Curve',
    nodeId: 's=Curve',
    dataType: 'Float',
    valueRank: 1,
    value: curve,
  });
  add('Broken', 'Double', new Variant({ dataType: DataType.Double, value: 0 })).setValueFromSource(
    { dataType: DataType.Double, value: 0 },
    StatusCodes.BadSensorFailure,
  );
  await server.start();
  return {
    endpoint: `opc.tcp://127.0.0.1:${server.endpoints[0]?.port}`,
    certificateFile: server.certificateFile,
    sessions: () => server.engine.currentSessionCount,
    setTemperature: (celsius) => temperature.setValueFromSource({ dataType: DataType.Double, value: celsius }),
    close: async () => {
      await server.shutdown(0);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
