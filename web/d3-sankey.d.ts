/** What of d3-sankey is used; the package has no types. */
declare module 'd3-sankey' {
  /** A node with its place. */
  export type SankeyNode<Node, _Link> = Node & { x0?: number; x1?: number; y0?: number; y1?: number };

  export interface SankeyLink<Node> {
    source: Node | string;
    target: Node | string;
    value: number;
    width?: number;
    y0?: number;
    y1?: number;
  }

  interface Graph<Node> {
    nodes: Node[];
    links: { source: string; target: string; value: number }[];
  }

  interface Layout<Node, Link> {
    (graph: Graph<Node>): { nodes: SankeyNode<Node, Link>[]; links: SankeyLink<SankeyNode<Node, Link>>[] };
    nodeId(id: (node: Node) => string): this;
    nodeWidth(width: number): this;
    nodePadding(padding: number): this;
    nodeAlign(align: (node: { depth: number }) => number): this;
    nodeSort(sort: null): this;
    extent(extent: [[number, number], [number, number]]): this;
  }

  export function sankey<Node, Link>(): Layout<Node, Link>;
  export function sankeyLeft(node: { depth: number }): number;
  export function sankeyLinkHorizontal<Node>(): (link: SankeyLink<Node>) => string | null;
}
