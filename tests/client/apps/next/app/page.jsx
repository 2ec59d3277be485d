import { Board } from './board.jsx';

// Rendered on the server, with a component that goes on in the browser.
export default function Page() {
  return <Board />;
}
