import type {StorageDefinition} from '../../domain/storage-definition.js'
import type {StorageReport} from '../../services/storage-service.js'
import {stateColumns} from '../storage-columns.js'
import {renderFields, renderTable} from './table.js'

/** A storage for people: its definition, and a line for each of its nodes. */
export function storageText({states, ...definition}: StorageReport): string {
  const told = states.some(({error}) => error !== undefined)
  const columns = stateColumns.filter(({key}) => key !== 'error' || told)
  return [definitionText(definition), renderTable(states, columns, {header: true})].join('\n').trimEnd()
}

function definitionText({options, nodes, ...definition}: StorageDefinition): string {
  const fields = [
    {key: 'storage'},
    {key: 'type'},
    {key: 'content'},
    {key: 'shared'},
    {key: 'enabled'},
    {key: 'nodes'},
    ...Object.keys(options).map((key) => ({key, header: key})),
  ]
  return renderFields({...options, ...definition, nodes: nodes ?? 'all'}, fields)
}

/** Why a list lacks what lies there. */
export function leftOut({
  node,
  storage,
  why,
}: {
  node: string
  storage: string
  why?: 'node-offline' | 'not-available'
}): string {
  const reason = why === 'not-available' ? 'the storage is not available there' : 'the node is offline'
  return `what lies on storage ${storage} of ${node} is left out: ${reason}`
}
