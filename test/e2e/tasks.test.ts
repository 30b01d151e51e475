import {expect} from 'chai'
import {startCluster, type TestCluster} from '../helpers/cluster.js'

for (const pveVersion of ['8.4', '9.2'] as const) {
  describe(`tasks, Proxmox VE ${pveVersion}`, () => {
    let cluster: TestCluster

    beforeEach(async () => {
      cluster = await startCluster({pveVersion})
    })

    afterEach(() => cluster.stop())

    const task = async (...argv: string[]) => {
      const {json, ...rest} = await cluster.run(['proxmox', 'task', ...argv, '--json'])
      return {...rest, result: json()}
    }
    const start = (noun: string, name: string) => cluster.run(['proxmox', noun, 'start', name, '--json'])
    /** A task that runs until it is stopped. */
    const hanging = async (noun: string, name: string): Promise<string> => {
      cluster.simulator.world.tasks.fault = () => ({kind: 'hang'})
      const {json} = await cluster.run(['proxmox', noun, 'start', name, '--no-wait', '--json'])
      cluster.simulator.world.tasks.fault = () => undefined
      return json().upid
    }
    const failing = async (text: string): Promise<string> => {
      cluster.simulator.world.tasks.fault = () => ({kind: 'fail', text})
      const {json} = await cluster.run(['proxmox', 'vm', 'start', 'scratch', '--json'])
      cluster.simulator.world.tasks.fault = () => undefined
      return json().error.upid
    }

    describe('list', () => {
      it('is one list of all nodes, newest first, and takes filters', async () => {
        await start('lxc', 'playground')
        await start('vm', 'scratch')
        const all = await task('list')
        expect(all.exitCode).to.equal(0)
        expect(
          all.result.map(({node, type, id, state}: Record<string, unknown>) => [node, type, id, state]),
        ).to.have.deep.members([
          ['pve2', 'qmstart', '103', 'ok'],
          ['pve3', 'vzstart', '202', 'ok'],
        ])
        for (const [filter, types] of [
          [['--guest', 'scratch'], ['qmstart']],
          [['--guest', '202'], ['vzstart']],
          [['--guest', '555'], []],
          [['--type', 'vzstart'], ['vzstart']],
          [['--node', 'pve2'], ['qmstart']],
          [['--node', 'pve1'], []],
          [
            ['--user', 'automation'],
            ['qmstart', 'vzstart'],
          ],
          [['--user', 'nobody'], []],
          [['--state', 'failed,warnings'], []],
          [
            ['--state', 'ok'],
            ['qmstart', 'vzstart'],
          ],
          [['--running'], []],
          [
            ['--since', '1h'],
            ['qmstart', 'vzstart'],
          ],
          [['--until', '1h'], []],
          [['--since', '2020-01-01', '--until', '2020-01-02T10:00Z'], []],
        ] as const) {
          const {exitCode, result} = await task('list', ...filter)
          expect(exitCode, filter.join(' ')).to.equal(0)
          expect(result.map(({type}: {type: string}) => type).sort(), filter.join(' ')).to.deep.equal(types)
        }

        expect((await task('list', '--limit', '1')).result).to.have.length(1)
      })

      it('tells running ones, and how others ended, also together', async () => {
        const upid = await hanging('lxc', 'playground')
        const failed = await failing('the disk is on fire')
        const running = await task('list', '--running')
        expect(running.result.map((row: {upid: string}) => row.upid)).to.deep.equal([upid])
        expect(running.result[0]).to.include({state: 'running'}).and.not.have.property('endedAt')
        const errors = await task('list', '--errors')
        expect(errors.result).to.have.length(1)
        expect(errors.result[0]).to.include({upid: failed, state: 'failed', exitStatus: 'the disk is on fire'})
        const both = await task('list', '--state', 'running,failed')
        expect(both.result.map((row: {upid: string}) => row.upid)).to.have.members([upid, failed])
        await task('stop', upid)
      })

      it('goes on without a node that is offline, and says so; one that was named is a failure', async () => {
        await start('vm', 'scratch')
        await cluster.simulator.powerOff('pve3')
        const {exitCode, result, stderr} = await task('list')
        expect(exitCode).to.equal(0)
        expect(result.map(({node}: {node: string}) => node)).to.deep.equal(['pve2'])
        expect(stderr).to.match(/tasks of pve3 are missing: .*offline/)
        const named = await task('list', '--node', 'pve3')
        expect(named.exitCode).to.equal(8)
        expect(named.result.error.code).to.equal('node-offline')
        const unknown = await task('list', '--node', 'pve33')
        expect(unknown.exitCode).to.equal(5)
        expect(unknown.result.error.hint).to.contain('pve3')
      })

      it('says where only the own tasks are told', async () => {
        await start('vm', 'scratch')
        const own = await cluster.run(['proxmox', 'task', 'list', '--json'], {
          env: {
            HOMELAB_TOKEN_ID: 'automation@pve!separated',
            HOMELAB_TOKEN_SECRET: 'aaaaaaaa-0000-4000-8000-000000000003',
          },
        })
        expect(own.exitCode).to.equal(0)
        expect(own.json()).to.deep.equal([])
        expect(own.stderr).to.match(/only your own tasks .*pve1, pve2, pve3.*Sys\.Audit/s)
        expect((await task('list')).stderr).not.to.contain('Sys.Audit')
      })

      for (const wrong of [
        ['--since', 'yesterdayish'],
        ['--since', '2026-02-31'],
        ['--since', '1h', '--until', '2h'],
        ['--state', 'broken'],
        ['--limit', '0'],
      ]) {
        it(`refuses ${wrong.join(' ')}`, async () => {
          const {exitCode, result} = await task('list', ...wrong)
          expect(exitCode).to.equal(2)
          expect(result.error.code).to.equal('usage')
        })
      }
    })

    describe('log', () => {
      it('follows until the end, and ends as the task did', async () => {
        const good = (await start('vm', 'scratch')).json().task.upid
        const ended = await task('log', good, '--follow')
        expect(ended.exitCode).to.equal(0)
        expect(ended.result).to.include({outcome: 'ok', exitStatus: 'OK'})
        expect(ended.result.lines.at(-1)).to.equal('TASK OK')
        const plain = await task('log', good)
        expect(plain.result.lines).to.deep.equal(ended.result.lines)
        await cluster.run(['proxmox', 'vm', 'stop', 'scratch', '--json'])
        const bad = await failing('the disk is on fire')
        const failed = await task('log', bad, '--follow')
        expect(failed.exitCode).to.equal(7)
        expect(failed.result).to.include({outcome: 'failed', exitStatus: 'the disk is on fire'})
        expect(failed.stderr).to.contain(`homelab proxmox task why ${bad}`)
        const people = await cluster.run(['proxmox', 'task', 'log', bad, '--follow'])
        expect(people.exitCode).to.equal(7)
        expect(people.stdout).to.match(/TASK ERROR: the disk is on fire\n$/)
      })

      it('counts warnings as errors where that is asked for', async () => {
        cluster.simulator.world.tasks.fault = () => ({kind: 'warn', text: 'odd'})
        const {upid} = (await start('vm', 'scratch')).json().task
        expect((await task('log', upid, '--follow')).exitCode).to.equal(0)
        expect((await task('log', upid, '--follow', '--warnings-as-errors')).exitCode).to.equal(8)
      })
    })

    describe('stop', () => {
      it('stops several, leaves alone what has ended, and says what does not exist', async () => {
        const first = await hanging('vm', 'scratch')
        const second = await hanging('lxc', 'playground')
        const gone = (await task('stop', first)).result
        expect(gone).to.deep.include({upid: first, changed: true, state: 'failed', exitStatus: 'received interrupt'})
        const plan = await task('stop', first, second, '--dry-run')
        expect(plan.result.results.map(({changed}: {changed: boolean}) => changed)).to.deep.equal([false, true])
        expect(plan.result.results[1]).to.include({dryRun: true, state: 'running'})
        const none = 'UPID:pve1:00000001:00000001:65000000:qmstart:100:root@pam:'
        const {exitCode, result} = await task('stop', first, second, none)
        expect(exitCode).to.equal(9)
        expect(result.summary).to.deep.equal({ok: 2, failed: 1})
        expect(result.results[0]).to.include({changed: false, exitStatus: 'received interrupt'})
        expect(result.results[1]).to.include({changed: true, exitStatus: 'received interrupt'})
        expect(result.results[2].error.code).to.equal('not-found')
      })
    })

    describe('wait', () => {
      it('acts on none of several where one is no UPID', async () => {
        cluster.requests.length = 0
        for (const verb of ['wait', 'stop']) {
          const {exitCode, json} = await cluster.run(['proxmox', 'task', verb, 'UPID', 'x', '--json'])
          expect(exitCode, verb).to.equal(2)
          expect(json().error.message).to.equal('"UPID" is not a task\'s UPID')
        }

        expect(cluster.requests).to.deep.equal([])
      })

      it('waits for several, or for the first', async () => {
        const good = (await start('vm', 'scratch')).json().task.upid
        const slow = await hanging('lxc', 'playground')
        const any = await task('wait', slow, good, '--any')
        expect(any.exitCode).to.equal(0)
        expect(any.result.summary).to.deep.equal({ok: 1, failed: 0, skipped: 1})
        expect(any.result.results[0]).to.include({target: good, outcome: 'ok'})
        let asked = 0
        cluster.meddle = ({path}) => {
          if (path.includes(encodeURIComponent(slow)) && ++asked === 2) cluster.simulator.world.tasks.stop(slow)
          return undefined
        }
        const all = await task('wait', slow, good)
        expect(all.exitCode).to.equal(9)
        expect(all.result.summary).to.deep.equal({ok: 1, failed: 1})
        const failed = await task('wait', slow)
        expect(failed.exitCode).to.equal(7)
        expect(failed.result.error.upid).to.equal(slow)
      })

      it('tells a command of the user how it went, without ever running what the server says', async () => {
        const bad = await failing('on fire"; touch /tmp/never $(false) `false` | x')
        const command = `printf '%s|' "$HOMELAB_TASK_OUTCOME" "$HOMELAB_TASK_UPIDS" "$HOMELAB_TASK_EXIT_STATUS" "$HOMELAB_TASK_NODE" "$HOMELAB_TASK_TYPE" "$HOMELAB_TASK_ID" "$HOMELAB_TASK_COUNT" "$HOMELAB_TASK_FAILED"`
        const {exitCode, stderr, result} = await task('wait', bad, '--notify-cmd', command)
        expect(exitCode).to.equal(7)
        expect(result.error.code).to.equal('task-failed')
        expect(stderr).to.contain(
          `failed|${bad}|on fire"; touch /tmp/never $(false) \`false\` | x|pve2|qmstart|103|1|1|`,
        )
      })

      it('only warns when that command fails', async () => {
        const good = (await start('vm', 'scratch')).json().task.upid
        const {exitCode, stderr, result} = await task(
          'wait',
          good,
          '--notify-cmd',
          'echo "$HOMELAB_TASK_OUTCOME"; exit 3',
        )
        expect(exitCode).to.equal(0)
        expect(result.outcome).to.equal('ok')
        expect(stderr)
          .to.match(/^ok$/m)
          .and.match(/warning: .*exit code 3/)
      })

      it('tells it of a timeout too', async () => {
        const slow = await hanging('vm', 'scratch')
        const {exitCode, stderr} = await task(
          'wait',
          slow,
          '--timeout',
          '300ms',
          '--notify-cmd',
          'echo "<$HOMELAB_TASK_OUTCOME>"',
        )
        expect(exitCode).to.equal(124)
        expect(stderr).to.contain('<timeout>')
        await task('stop', slow)
      })
    })

    describe('why', () => {
      it('names the lines, the cause and the next command', async () => {
        const guests = cluster.simulator.world.store.of('guests')
        const upid = (await start('vm', 'scratch')).json().task.upid
        expect((await task('why', upid)).result).to.deep.include({state: 'ok', lines: [], causes: []})
        await cluster.run(['proxmox', 'vm', 'stop', 'scratch', '--json'])
        const bad = await failing('VM is locked (backup)')
        guests.update(103, {config: {...guests.get(103)!.config, lock: 'backup'}})
        const {exitCode, result} = await task('why', bad)
        expect(exitCode).to.equal(0)
        expect(result).to.include({state: 'failed', next: 'homelab proxmox vm unlock 103 --dry-run'})
        expect(result.guest).to.include({name: 'scratch', lock: 'backup'})
        expect(result.causes.map(({reason}: {reason: string}) => reason)).to.deep.equal(['guest-locked'])
        const people = await cluster.run(['proxmox', 'task', 'why', bad])
        expect(people.stdout).to.match(/^qmstart of scratch \(VM 103\) on pve2 failed: VM is locked \(backup\)\n/)
        expect(people.stdout).to.match(
          /\nCause: .*locked \(backup\).*\n.*is locked now.*\nNext: {2}homelab proxmox vm unlock 103/,
        )
      })

      it('knows a task that died with its node', async () => {
        const upid = await hanging('vm', 'scratch')
        await cluster.simulator.powerOff('pve2')
        const off = await task('why', upid)
        expect(off.exitCode).to.equal(3)
        await cluster.simulator.powerOn('pve2')
        const {result} = await task('why', upid)
        expect(result).to.include({state: 'failed', exitStatus: 'unexpected status'})
        expect(result.causes.map(({reason}: {reason: string}) => reason)).to.deep.equal(['task-died'])
      })
    })
  })
}
