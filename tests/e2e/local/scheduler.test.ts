import { expect } from '@jest/globals';
import { CreateScheduleCommand, SchedulerClient } from '@aws-sdk/client-scheduler';
import {
  CreateStateMachineCommand,
  DescribeExecutionCommand,
  ListExecutionsCommand,
  SFNClient,
} from '@aws-sdk/client-sfn';
import { describeMend, eventually } from './mend-suite.ts';

describeMend('scheduler', {
  'a schedule starts the machine with the time that it was due': async (emulator) => {
    const sfn = new SFNClient(emulator.settings);
    const definition = { QueryLanguage: 'JSONata', StartAt: 'Only', States: { Only: { Type: 'Pass', End: true } } };
    const { stateMachineArn = '' } = await sfn.send(
      new CreateStateMachineCommand({
        name: 'due',
        definition: JSON.stringify(definition),
        roleArn: 'arn:aws:iam::000000000000:role/any',
      }),
    );
    const due = new Date(Date.now() + 1000).toISOString().slice(0, 19);
    await new SchedulerClient(emulator.settings).send(
      new CreateScheduleCommand({
        Name: 'once',
        ScheduleExpression: `at(${due})`,
        FlexibleTimeWindow: { Mode: 'OFF' },
        Target: {
          Arn: stateMachineArn,
          RoleArn: 'arn:aws:iam::000000000000:role/any',
          Input: JSON.stringify({ scheduledTime: '<aws.scheduler.scheduled-time>', trigger: 'schedule' }),
        },
      }),
    );
    const executionArn = await eventually(async () => {
      const { executions = [] } = await sfn.send(new ListExecutionsCommand({ stateMachineArn }));
      return executions[0]?.executionArn;
    }, 12_000);
    const { input = '' } = await sfn.send(new DescribeExecutionCommand({ executionArn }));
    expect(JSON.parse(input)).toEqual({ scheduledTime: `${due}Z`, trigger: 'schedule' });
  },
});
