import { type SankeyNode, sankey, sankeyLeft, sankeyLinkHorizontal } from 'd3-sankey';
import { shown } from '../format.js';

/** A step of the drawn tree, with the steps behind it. */
export interface Branch {
  id: string;
  /** Whether it stands for leaving rather than for a step. */
  isEnd: boolean;
  occurrences: number;
  /** The steps up to it, itself included. */
  path: string[];
  /** Undefined where nothing behind it was asked. */
  next: Branch[] | undefined;
}

interface Props {
  label: string;
  root: Branch;
  href: (path: string[]) => string;
}

const WIDTH = 1_080;
const NODE = 12;
/** Room for the names of the last column. */
const LABEL = 190;

interface Datum {
  branch: Branch;
  key: string;
}

type Node = SankeyNode<Datum, object>;

const linkPath = sankeyLinkHorizontal<Node>();

/** A tree of steps, as wide as many go there. A branch is one path, so cycles unroll and every width is a true count. */
export function Flow({ label, root, href }: Props) {
  const height = Math.max(260, 30 * leaves(root));
  const { nodes, links } = layout(root, height);
  return (
    // biome-ignore lint/a11y/useSemanticElements: a group of links in an SVG
    <svg class="flow" viewBox={`0 0 ${WIDTH} ${height}`} role="group" aria-label={label}>
      {links.map((link) => {
        const target = link.target as Node;
        return (
          <path
            key={target.key}
            d={linkPath(link) ?? ''}
            stroke-width={Math.max(1, link.width ?? 0)}
            class={target.branch.isEnd ? 'link end' : 'link'}
          />
        );
      })}
      {nodes.map((node) => (
        <Box key={node.key} node={node} href={href} />
      ))}
    </svg>
  );
}

function Box({ node, href }: { node: Node; href: Props['href'] }) {
  const { x0 = 0, x1 = 0, y0 = 0, y1 = 0, branch } = node;
  const title = `${nameOf(branch)}: ${shown(branch.occurrences, 'count')}`;
  const box = (
    <>
      <title>{title}</title>
      <rect x={x0} y={y0} width={x1 - x0} height={Math.max(2, y1 - y0)} class={branch.isEnd ? 'end' : ''} />
      <text x={x1 + 6} y={(y0 + y1) / 2} dy="0.35em">
        {nameOf(branch)} <tspan class="count">{shown(branch.occurrences, 'count')}</tspan>
      </text>
    </>
  );
  return branch.isEnd || branch.path.length === 0 ? (
    <g>{box}</g>
  ) : (
    <a href={href(branch.path)} aria-label={`${title}. Show what comes behind it.`}>
      {box}
    </a>
  );
}

/** A step in words. */
export const nameOf = ({ id, isEnd }: Branch): string => (isEnd ? 'ended here' : id.replaceAll('_', ' '));

const leaves = ({ next = [] }: Branch): number =>
  next.length === 0 ? 1 : next.reduce((sum, one) => sum + leaves(one), 0);

function layout(root: Branch, height: number) {
  const nodes: Datum[] = [];
  const links: { source: string; target: string; value: number }[] = [];
  const add = (branch: Branch, key: string, parent?: string) => {
    nodes.push({ branch, key });
    if (parent !== undefined) links.push({ source: parent, target: key, value: branch.occurrences });
    for (const [n, one] of (branch.next ?? []).entries()) add(one, `${key}/${n}`, key);
  };
  if (root.path.length > 0) add(root, '0');
  else for (const [n, one] of (root.next ?? []).entries()) add(one, String(n)); // the start is no step
  return sankey<Datum, object>()
    .nodeId(({ key }) => key)
    .nodeAlign(sankeyLeft) // each column is one step of the way
    .nodeSort(null) // the API's order: the most frequent first
    .nodeWidth(NODE)
    .nodePadding(16) // a name fits between the thinnest of them
    .extent([
      [1, 8],
      [WIDTH - LABEL, height - 8],
    ])({ nodes, links });
}

/** The same tree as a list, for narrow screens and for those who listen. */
export function FlowList({ branches, of, href }: { branches: Branch[]; of: number; href: Props['href'] }) {
  return (
    <ul class="flow-list">
      {branches.map((branch) => (
        <li key={branch.isEnd ? ' end' : branch.id}>
          <span class="entry">
            {branch.isEnd ? <em>ended here</em> : <a href={href(branch.path)}>{nameOf(branch)}</a>}
            <span class="bar" aria-hidden="true">
              <i style={{ width: `${(100 * branch.occurrences) / of}%` }} />
            </span>
            <span>{shown(branch.occurrences, 'count')}</span>
          </span>
          {branch.next && branch.next.length > 0 && <FlowList branches={branch.next} of={of} href={href} />}
        </li>
      ))}
    </ul>
  );
}
