import { holds, ratiosOf, spreadOf, spreadText } from './measure.js';
import { BenchServer } from './server.js';
import { benchStream } from './stream.js';

const server = await BenchServer.start();
try {
  const findings = await benchStream(server, { rounds: 3, seconds: 5 });
  for (const finding of findings) {
    const { what, ours, peer } = finding;
    console.log(
      what,
      spreadText(spreadOf(ours.values)),
      peer &&
        `${peer.name} ${spreadText(spreadOf(peer.values))} ratio ${spreadText(ratiosOf(ours, peer))}`,
      holds(finding),
    );
  }
} finally {
  await server.stop();
}
