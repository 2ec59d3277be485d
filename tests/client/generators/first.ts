/** What the first event of each stream has. */
export interface First {
  price: number;
  title: string;
  status: string;
  type: string;
  active_users: number;
}
