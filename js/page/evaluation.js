// SPDX-License-Identifier: Apache-2.0
// Evaluations: what they must show, and what they show.
import {invalidArgument} from '../src/errors.js';
import {contextText, element, facts, kibibytes, milliseconds, shortNumber} from './show.js';

const MOST_CELLS = 20; // of a side of a matrix; more are for programs
const MOST_FIGURES = 60;

const METRICS = {accuracy: 'Accuracy', confusion: 'Confusion matrix', mse: 'Mean squared error', mae: 'Mean absolute error', perplexity: 'Perplexity'};
const metricName = (metric) => METRICS[metric] ?? (/^top-\d+$/.test(metric) ? `Top-${metric.slice(4)} accuracy` : /^auc-\d+$/.test(metric) ? `Area under the curve of class ${metric.slice(4)}` : metric);
const counted = (count, word) => `${count} ${word}${count === 1 ? '' : 's'}`;
const intervalText = ([low, high]) => `${shortNumber(low)} to ${shortNumber(high)}`;

// What a person demands, as options of verifyEvaluation. Throws ZkinferError with the field's name.
export function demandsOf(value) {
  const number = (id, what) => {
    const text = value(id).trim().replace(',', '.');
    if (text === '') return undefined;
    if (!Number.isFinite(Number(text))) throw invalidArgument(`${what}: expected a number, got '${text}'`);
    return Number(text);
  };
  const metric = value('metric').trim().toLowerCase(), nonce = value('nonce').trim();
  if (nonce !== '' && !/^[0-9a-f]{64}$/i.test(nonce)) throw invalidArgument(`Nonce: expected 64 hexadecimal digits, got '${nonce}'`);
  const all = {metric: metric || undefined, nonce: nonce.toLowerCase() || undefined, sample: number('sample', 'Rows of the sample'), output: number('of-output', 'Output'),
               atLeast: number('at-least', 'At least'), atMost: number('at-most', 'At most'), confidence: number('confidence', 'Confidence')};
  return Object.fromEntries(Object.entries(all).filter(([, one]) => one !== undefined));
}

function figureRow({name, group, class: label, numerator, denominator, value}) {
  const of = [group === undefined ? null : `group ${group}`, label === undefined ? null : `class ${label}`].filter(Boolean).join(', ');
  const fraction = denominator === 0 ? 'of no rows' : `${numerator} of ${denominator}${name.startsWith('auc') ? ', pairs counted twice' : ''}`;
  return element('tr', null, element('td', null, name), element('td', null, of), element('td', {class: 'n'}, value === null ? 'none' : shortNumber(value)),
      element('td', {class: 'n soft'}, fraction));
}

// Rows of each label (down) and class that the model gave (across); all groups together.
function matrix({metric, counts, num_groups: groups, num_classes: classes, first_class: first}) {
  if (metric !== 'confusion' || classes > MOST_CELLS || counts.length !== groups * classes * classes) return [];
  const names = Array.from({length: classes}, (_, i) => String(first + i));
  const cell = (label, given) => Array.from({length: groups}, (_, group) => counts[(group * classes + label) * classes + given]).reduce((sum, count) => sum + count, 0);
  return [element('h3', null, 'Rows of each label (down) and class that the model gave (across)'),
          element('div', {class: 'scroll'}, element('table', {class: 'matrix'}, element('thead', null, element('tr', null, element('th', null, 'label'), ...names.map((name) => element('th', {class: 'n'}, name)))),
              element('tbody', null, ...names.map((name, label) => element('tr', null, element('th', {scope: 'row'}, name), ...names.map((_, given) => element('td', {class: 'n'}, String(cell(label, given)))))))))];
}

// What is said of rows that were not counted, of a sample.
function sampleRows(checked) {
  if (checked.of_set === undefined && checked.of_source === undefined) return [];
  const rows = [];
  if (checked.of_set) rows.push([`of all ${counted(checked.data_set_rows, 'row')} of the data set`, intervalText(checked.of_set)]);
  if (checked.of_source) rows.push(['of rows like them, drawn independently from the same source', intervalText(checked.of_source)]);
  return [element('h3', null, `What ${counted(checked.num_rows, 'row')} say of others, with a confidence of ${shortNumber(100 * checked.confidence)} %`),
          element('table', {class: 'intervals'}, element('tbody', null, ...rows.map(([name, value]) => element('tr', null, element('td', null, name), element('td', {class: 'n'}, value))))),
          checked.nonce ? element('p', {class: 'small'}, 'The rows are those that your nonce chooses: ', element('code', {class: 'id'}, checked.nonce), '. They say this only if whoever proves could not know it when he committed to the model.') : null];
}

function hiddenText(checked, info) {
  if (!checked.zero_knowledge) return 'Nothing is hidden: the proofs were made without zero knowledge.';
  const chunks = counted(checked.slots.length, 'chunk');
  const shown = checked.totals_only ? `the totals of ${chunks} that hide their own` : `the counts of each of ${chunks} of at most ${counted(checked.chunk_rows, 'row')}`;
  return `Shown: ${shown}${checked.shows_rows ? ', which say how single rows did: some chunk or group has so few' : ', nothing of single rows'}. Hidden: ${info.public_weights || info.parameters === 0 ? '' : 'the weights, '}the model's outputs for single rows, everything between.`;
}

// The sections of an accepted evaluation; demands: what was asked for.
export function evaluationParts(checked, info, demands, keySeconds) {
  const sampled = checked.nonce !== undefined;
  const best = checked.figures[0];
  const weights = {certified: 'certified', uncertified: 'taken as they are', 'no weights': 'none'}[checked.weights] ?? checked.weights;
  const limits = [
    checked.weights === 'uncertified' ? 'that the weights are numbers in the model\'s ranges, so that this is a network\'s result at all' : null,
    'that whoever trained the model had not seen these rows: the data set is public, a model may have learned it by heart',
    sampled ? 'anything of the rows that were not counted, beyond the interval above' : null,
  ].filter(Boolean);
  const asked = [demands.metric ? `metric ${demands.metric}` : null, demands.atLeast === undefined ? null : `at least ${demands.atLeast}`, demands.atMost === undefined ? null : `at most ${demands.atMost}`].filter(Boolean);
  return [
    element('section', null, element('span', {class: 'verdict'}, 'ACCEPTED'),
        element('p', {class: 'evaluated'}, `The model ${checked.model}, and no other, gives these counts on ${sampled ? `the ${counted(checked.num_rows, 'row')} that your nonce chooses among the ${checked.data_set_rows}` : `exactly the ${counted(checked.num_rows, 'row')}`} of the data set “${checked.data_set}”, each once, by its output ${checked.output}.`),
        asked.length > 0 ? element('p', null, `As you demanded: ${asked.join(', ')}.`) : element('p', {class: 'soft'}, 'You demanded no value: whether this is good enough is yours to say.'),
        element('p', null, hiddenText(checked, info)),
        facts([[metricName(checked.metric), best && best.value !== null ? shortNumber(best.value) : 'see below'], ['bits of security', String(Math.floor(checked.security_bits * 10) / 10)], ['weights', weights],
               ['context', contextText(checked.context)], ['to check the proofs', milliseconds(checked.verify_seconds)], ['to read the key', milliseconds(keySeconds)], ['proofs', `${checked.slots.length}, ${kibibytes(checked.proof_bytes)}`]]),
        element('p', {class: 'small'}, 'Identity of the model: ', element('code', {class: 'id'}, checked.model_identity), '. Compare it with the one that its owner publishes: it stands for structure and weights.'),
        element('p', {class: 'small'}, 'Digest of the data set: ', element('code', {class: 'id'}, checked.data_set_digest), '. Compare it with the one that you agreed on.'),
        ...checked.warnings.map((warning) => element('p', {class: 'no'}, `Ask before you trust the key: ${warning}.`))),
    element('section', null, element('h2', null, metricName(checked.metric)),
        element('div', {class: 'scroll'}, element('table', {class: 'figures'}, element('tbody', null, ...checked.figures.slice(0, MOST_FIGURES).map((figure) => figureRow(figure))))),
        checked.figures.length > MOST_FIGURES ? element('p', {class: 'soft small'}, `${checked.figures.length - MOST_FIGURES} more figures are in the evaluation.`) : null,
        ['mse', 'mae'].includes(checked.metric) && checked.unit ? element('p', {class: 'small'}, `One unit of the model's output is ${shortNumber(checked.unit)}; targets and outputs are whole numbers of them.${checked.r_squared === undefined ? '' : ` R²: ${shortNumber(checked.r_squared)}.`}`) : null,
        ...matrix(checked), ...sampleRows(checked)),
    element('section', null, element('h2', null, 'What this does not show'), element('ul', null, ...limits.map((limit) => element('li', null, limit))),
        checked.num_duplicates > 0 ? element('p', {class: 'no'}, `${counted(checked.num_duplicates, 'row')} of the data set ${checked.num_duplicates === 1 ? 'is' : 'are'} there more than once.`) : null),
  ];
}
