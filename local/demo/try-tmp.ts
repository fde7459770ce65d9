import { startShop } from './shop.ts';
import { StartExecutionCommand, DescribeExecutionCommand } from '@aws-sdk/client-sfn';
const shop = await startShop('/tmp/st3');
try {
  for (let i = 0; i < 2; i++) {
    const { executionArn } = await shop.clients.stepFunctions.send(
      new StartExecutionCommand({ stateMachineArn: shop.stack.stateMachines.backup, input: '{}' }),
    );
    const t = Date.now();
    for (;;) {
      const d = await shop.clients.stepFunctions.send(new DescribeExecutionCommand({ executionArn }));
      if (d.status !== 'RUNNING') {
        console.log(Date.now() - t, d.status, d.error, d.cause, d.output);
        break;
      }
      await new Promise((r) => setTimeout(r, 500));
    }
    await shop.breakPassword();
  }
  console.log(JSON.stringify(shop.env));
  await new Promise((r) => setTimeout(r, 240000));
} finally {
  await shop.stop();
}
